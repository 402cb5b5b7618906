import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { ConfigurationError, loadConfig, type Setting } from '@order-saga/chassis'
import { services } from '@order-saga/contracts'
import { drillSettings } from '../../../services/operations/src/drill-config.ts'
import { consoleSettings, loadConsoleConfig } from '../../../services/operations/src/console-config.ts'
import { loadNotificationConfig } from '../../../services/notification/src/config.ts'
import { loadPaymentConfig } from '../../../services/payment/src/config.ts'
import { passedSettings } from '../../../tools/dev/src/environment.ts'
import { type ProcessName, programOf } from '../../support/built.ts'
import { operatorEntry } from '../../support/operators.ts'
import { serviceSchemas } from './settings-reference.ts'

/** These take any text. */
const anyText = /^a text/

interface Ended {
  readonly code: number | null
  readonly stderr: string
}

function run(name: ProcessName, env: NodeJS.ProcessEnv): Promise<Ended> {
  const main = programOf(name)
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main],
      { env: { PATH: process.env['PATH'], ...env }, timeout: 20_000 },
      (_, __, stderr) => resolve({ code: child.exitCode, stderr }),
    )
  })
}

/** `make up` and `make demo` set these for each process. */
const ownOfARun =
  /^(PORT|OPS_PORT|CONSOLE|OPERATOR_TOKENS|RABBITMQ_(URL|PASSWORD)|(ORDER|INVENTORY)_URL|[A-Z]+_OPS_URL|([A-Z]+_)*DB_(URL|HOST|PORT|NAME|USER|PASSWORD|CA_FILE))$/

describe('make up', () => {
  it('passes on every setting of its programs but the addresses of servers and the ports', () => {
    const schemas = [...Object.values(serviceSchemas), consoleSettings, drillSettings]
    const names = schemas.flatMap((schema) => Object.values<Setting<unknown>>(schema)).map(({ env }) => env)
    const expected = [...new Set(names)].filter((name) => !ownOfARun.test(name)).toSorted()
    assert.deepEqual([...passedSettings].toSorted(), expected)
  })
})

describe('a bad setting', () => {
  for (const [service, settings] of Object.entries({ ...serviceSchemas, console: consoleSettings })) {
    for (const setting of Object.values<Setting<unknown>>(settings)) {
      if (anyText.test(setting.format)) continue
      it(`of ${service} is refused in one sentence that names it: ${setting.env}`, () => {
        assert.throws(
          () => loadConfig(settings as never, { [setting.env]: 'no such value' }),
          (error: unknown) => {
            assert.ok(error instanceof ConfigurationError)
            assert.ok(error.message.startsWith(`${setting.env} must be ${setting.format}`), error.message)
            assert.equal(error.message.includes('no such value'), setting.sensitive !== true, error.message)
            return true
          },
        )
      })
    }
  }

  for (const service of [...services, 'console'] as const) {
    it(`stops ${service} at start, with exit code 1 and only the sentence`, async function () {
      this.timeout(30_000)
      const { code, stderr } = await run(service, { OPS_PORT: '123456' })
      assert.equal(stderr, 'OPS_PORT must be a port from 0 to 65535, but is "123456".\n')
      assert.equal(code, 1)
    })
  }

  it('is a missing issuer, audience or JWKS of AUTH_MODE=jwt', () => {
    const complete = {
      AUTH_MODE: 'jwt',
      AUTH_ISSUER: 'i',
      AUTH_AUDIENCE: 'a',
      AUTH_JWKS_URL: 'https://login.example/certs',
    }
    for (const settings of [serviceSchemas.order, serviceSchemas.inventory]) {
      loadConfig(settings as never, complete)
      for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URL']) {
        assert.throws(
          () => loadConfig(settings as never, { ...complete, [name]: '' }),
          new ConfigurationError(`${name} must be set when AUTH_MODE is jwt.`),
        )
      }
      assert.throws(
        () => loadConfig(settings as never, { AUTH_ALGORITHMS: 'RS256,HS256' }),
        /AUTH_ALGORITHMS must be a list/,
      )
    }
  })

  it('is a combination of simulated failures and a real provider', () => {
    const provider = {
      PAYMENT_GATEWAY: 'http',
      PAYMENT_GATEWAY_URL: 'https://pay.example',
      PAYMENT_GATEWAY_API_KEY: 'k',
    }
    assert.equal(loadPaymentConfig(provider).gateway, 'http')
    assert.throws(
      () => loadPaymentConfig({ ...provider, PAYMENT_FAILURE_RATE: '0.1' }),
      /PAYMENT_FAILURE_RATE must be 0/,
    )
    assert.throws(
      () => loadPaymentConfig({ ...provider, PAYMENT_PROCESSING_MS: '10' }),
      /PAYMENT_PROCESSING_MS must be 0/,
    )
    assert.throws(() => loadPaymentConfig({ ...provider, PAYMENT_GATEWAY_URL: '' }), /PAYMENT_GATEWAY_URL must be set/)
    assert.throws(
      () => loadPaymentConfig({ ...provider, PAYMENT_GATEWAY_API_KEY: '' }),
      /PAYMENT_GATEWAY_API_KEY must be set/,
    )
  })

  it('is a console that others can reach, or that may change something, and that identifies no operator', () => {
    const named = { OPERATOR_TOKENS: operatorEntry('ann', 'a token') }
    const jwt = { AUTH_MODE: 'jwt', AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a', AUTH_JWKS_URL: 'https://login.example/certs' }
    for (const env of [named, jwt]) assert.equal(loadConsoleConfig({ CONSOLE: 'full', ...env }).console, 'full')
    assert.throws(() => loadConsoleConfig({ CONSOLE: 'full' }), /OPERATOR_TOKENS must be set, .* when CONSOLE is full/)
    for (const HTTP_HOST of ['127.0.0.1', '::1', 'localhost']) {
      assert.equal(loadConsoleConfig({ HTTP_HOST }).console, 'read-only')
    }
    for (const HTTP_HOST of ['0.0.0.0', '::', '192.0.2.1']) {
      assert.throws(() => loadConsoleConfig({ HTTP_HOST }), /OPERATOR_TOKENS must be set, .* beyond this machine/)
    }
    assert.throws(() => loadConsoleConfig({ ...named, ADMIN_TOKEN: 'a' }), /ADMIN_TOKEN is not supported any more/)
    for (const entries of ['ann', 'ann:a-token', `ann:sha256:${'0'.repeat(63)}`, `:sha256:${'0'.repeat(64)}`]) {
      assert.throws(
        () => loadConsoleConfig({ OPERATOR_TOKENS: entries }),
        (error: Error) =>
          error.message.startsWith('OPERATOR_TOKENS must consist of entries') && !error.message.includes(entries),
      )
    }
  })

  for (const [query, problem] of [
    ['?requiretls=true', 'must have no query parameters but requireTLS, ignoreTLS, '],
    ['?connectionTimeout=abc', 'must have no query parameters but '],
    ['?host=elsewhere', 'must have no query parameters but '],
    ['?requireTLS=yes', 'must have a requireTLS that is true or false.'],
    ['?requireTLS', 'must have a requireTLS that is true or false.'],
    ['?requireTLS=true&requireTLS=false', 'must have the query parameter requireTLS once.'],
    ['?name=', 'must have a name that is not empty.'],
  ] as const) {
    it(`is a mail server with the query ${query}`, () => {
      assert.throws(
        () => loadNotificationConfig({ SMTP_URL: `smtp://user:hunter2@host${query}` }),
        (error: Error) => error.message.startsWith(`SMTP_URL ${problem}`) && !error.message.includes('hunter2'),
      )
    })
  }

  it('is no mail server whose query has options of nodemailer', () => {
    const url = 'smtp://host:587?requireTLS=true&tls.servername=mail.example.com'
    assert.equal(loadNotificationConfig({ SMTP_URL: url }).smtpUrl, url)
  })

  it('is a sender that is not an e-mail address', () => {
    assert.throws(() => loadNotificationConfig({ MAIL_FROM: 'nobody' }), /MAIL_FROM is invalid/)
  })
})
