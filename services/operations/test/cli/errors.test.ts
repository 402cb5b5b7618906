// needs: database, broker
import assert from 'node:assert/strict'
import { LocalIssuer } from '@order-saga/dev'
import { asOperator } from '@order-saga/tests/support/operators'
import { accessTo } from '@order-saga/tests/support/tokens'
import { writeScenario } from '../scenarios.ts'
import { bodyOf, OperatedSystem, type Ran, type SagaOutput } from './operated-system.ts'

const away = { ORDER_DB_URL: 'postgres://ann:secret@127.0.0.1:1/order_db' }

describe('errors of saga', function () {
  this.timeout(60_000)
  let system: OperatedSystem

  before(async () => {
    system = await OperatedSystem.start()
  })
  after(() => system.stop())

  it('names the setting of a server that is unavailable, without its password, and exits with 3', async () => {
    const { sagaId } = await writeScenario(system.data, 'pending')
    for (const [variable, store] of [
      ['ORDER_DB_URL', 'order'],
      ['PAYMENT_DB_URL', 'payment'],
      ['INVENTORY_DB_URL', 'inventory'],
    ] as const) {
      const env = { [variable]: 'postgres://ann:secret@127.0.0.1:1/x' }
      const { code, out, error } = await system.run(['show', sagaId], { env })
      assert.deepEqual([code, out], [3, ''])
      assert.equal(
        error,
        `The ${store} database cannot be used: connect ECONNREFUSED 127.0.0.1:1; check ${variable}.\n`,
      )
    }
    const env = { RABBITMQ_URL: 'amqp://ann:secret@127.0.0.1:1' }
    for (const args of [['dead-letters', 'list'], ['audit']]) {
      const { code, error } = await system.run(args, { env })
      assert.equal(code, 3)
      assert.equal(error, 'The broker cannot be used: connect ECONNREFUSED 127.0.0.1:1; check RABBITMQ_URL.\n')
    }
  })

  it('changes nothing when it cannot be recorded', async () => {
    await system.die('order', bodyOf('payment.failed'), { type: 'payment.failed' })
    const replay = ['dead-letters', 'replay', '--all', '--reason', 'test']
    const { code, error } = await system.run(replay, { env: away })
    assert.equal(code, 3)
    assert.match(error, /^The order database cannot be used: connect ECONNREFUSED .*; check ORDER_DB_URL\.$/m)

    await system.data.sql('order', `UPDATE schema_versions SET component = 'away' WHERE component = 'operations'`)
    const unmade = await system.run(replay)
    await system.data.sql('order', `UPDATE schema_versions SET component = 'operations' WHERE component = 'away'`)
    assert.equal(unmade.code, 3)
    assert.match(unmade.error, /^Acts cannot be recorded in the order database: .* run the migrations\.$/m)
    assert.equal(await system.depth(system.dlqOf('order')), 1)
  })

  it('names the invalid argument or setting and the correction, and exits with 2', async () => {
    const wrong: [string[], NodeJS.ProcessEnv, RegExp][] = [
      [[], {}, /^No command is given; --help lists/],
      [['dead-letters'], {}, /^No command is given; --help lists/],
      [['lst'], {}, /^unknown command 'lst'.*; --help lists commands and options\.$/m],
      [['list', '--stuck'], {}, /^unknown option '--stuck'/],
      [['list', '--limit', '0'], {}, /'--limit <count>' argument '0' is invalid\. Give a number from 1 to/],
      [['list', '--older-than', '5 minutes'], {}, /argument '5 minutes' is invalid\. Give a time such as 30s/],
      [['list', '--after', '7'], {}, /argument '7' is invalid\. Give an id/],
      [['show'], {}, /^missing required argument 'saga'/],
      [['list'], { ORDER_DB_URL: 'localhost' }, /^ORDER_DB_URL must be a URL that starts with postgres:\/\//],
      [['list'], { RETRY_DELAYS_MS: 'soon' }, /^RETRY_DELAYS_MS must be a list of/],
    ]
    for (const [args, env, sentence] of wrong) {
      const { code, out, error } = await system.run(args, { env })
      assert.deepEqual([code, out], [2, ''], error)
      assert.match(error, sentence)
      assert.equal(error.trim().split('\n').length, 1)
    }
  })

  it('prints one JSON object for every failure', async () => {
    const { out } = await system.run(['list', '--json'], { env: away })
    const { command, exitCode, error, items, summary } = JSON.parse(out) as SagaOutput
    assert.deepEqual([command, exitCode, items, summary], ['list', 3, [], {}])
    assert.match(String(error), /check ORDER_DB_URL\.$/)
    const unknown = JSON.parse((await system.run(['lst', '--json'])).out) as SagaOutput
    assert.equal(unknown.exitCode, 2)
  })

  it('changes nothing without a token that identifies the operator', async () => {
    const replay = ['dead-letters', 'replay', '--all', '--reason', 'test']
    const { OPERATOR_TOKENS: entries } = asOperator('ann')
    for (const [env, problem] of [
      [{ OPERATOR_TOKENS: '', OPERATOR_TOKEN: '' }, 'Changes need an operator: '],
      [{ OPERATOR_TOKENS: '' }, 'Changes need an operator: '],
      [{ OPERATOR_TOKEN: '' }, 'OPERATOR_TOKEN is missing: '],
      [{ OPERATOR_TOKEN: 'another' }, 'OPERATOR_TOKEN is refused: '],
      [{ OPERATOR_TOKEN: entries }, 'OPERATOR_TOKEN is refused: '],
      [{ OPERATOR_TOKENS: 'ann:secret' }, 'OPERATOR_TOKENS must consist of entries '],
    ] as const) {
      const { code, error } = await system.run(replay, { env })
      assert.deepEqual([code, error.startsWith(problem)], [2, true], error)
    }
    assert.equal((await system.run([...replay, '--by', 'bob'])).code, 2)
    assert.equal(
      (await system.run(['dead-letters', 'replay', '--all', '--dry-run'], { env: { OPERATOR_TOKEN: '' } })).code,
      0,
    )
  })

  it('identifies the operator by the subject of an access token with the scope operate', async () => {
    const issuer = await LocalIssuer.start()
    try {
      const retry = ['dead-letters', 'discard', '--all', '--reason', 'test']
      const run = async (token: Parameters<LocalIssuer['token']>[0]): Promise<Ran> =>
        system.run(retry, {
          env: { ...accessTo(issuer), OPERATOR_TOKENS: '', OPERATOR_TOKEN: await issuer.token(token) },
        })
      assert.equal((await run({ scope: 'operate', subject: 'olga' })).code, 0)
      const refused = await run({ scope: 'orders:read', subject: 'olga' })
      assert.match(refused.error, /^OPERATOR_TOKEN is refused: The token lacks the scope operate/)
      assert.match((await run({ scope: 'operate', customer: 'c-1' })).error, /^OPERATOR_TOKEN is refused: /)
      assert.match((await run({ scope: 'operate', lifetimeSeconds: -60 })).error, /has expired/)
    } finally {
      await issuer.close()
    }
  })

  it('makes a token and its entry, which belong together, and never the same ones', async () => {
    const made = async (): Promise<Record<string, unknown>> => {
      const { out } = await system.run(['operator-token', 'eve', '--json'])
      return (JSON.parse(out) as SagaOutput).items[0] ?? {}
    }
    const [one, other] = [await made(), await made()]
    assert.notEqual(one['token'], other['token'])
    const env = {
      OPERATOR_TOKENS: `${String(other['entry'])},${String(one['entry'])}`,
      OPERATOR_TOKEN: String(one['token']),
    }
    assert.equal((await system.run(['dead-letters', 'discard', '--all', '--reason', 'test'], { env })).code, 0)
    assert.equal((await system.run(['operator-token', 'e:ve'])).code, 2)
  })

  it('prints its help, and runs the audit', async () => {
    const { code, out } = await system.run(['dead-letters', 'replay', '--help'])
    assert.equal(code, 0)
    assert.match(out, /^Usage: saga dead-letters replay \[options\] \[ids\.\.\.\]$/m)
    await system.clear()
    const audit = await system.run(['audit'])
    assert.equal(audit.code, 0)
    assert.match(audit.out, /^clean: 0 orders/m)
    await system.die('order', bodyOf('payment.failed'), { type: 'payment.failed' })
    const violated = await system.json('audit')
    assert.equal(violated.exitCode, 1)
    const letters = violated.items.find(({ check }) => check === 'dead_letters')
    assert.equal(letters?.['result'], 'violated')
  })
})
