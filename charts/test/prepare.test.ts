import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { charts, type Loose, parse, template } from './render.ts'
import { type Outcome, run } from '../../tools/ci/src/programs.ts'

const passwords: Readonly<Record<string, string>> = {
  admin: 'p@ss/w#rd%1:x',
  order: `"quoted" and \\escaped\\ $(HOME) \`id\` & ' *`,
  payment: '@inventory@',
  inventory: 'pässé 密码',
  notification: '\\u0041{}[],',
  operations: '&&&&&&&&',
  monitoring: '"@admin@"',
}

describe("the broker's definitions with passwords from the Secret", () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'order-saga-prepare-'))
    for (const name of ['config', 'auth', 'target']) mkdirSync(join(folder, name))
    const args = ['--show-only', 'charts/rabbitmq/templates/config.yaml', '--set', 'rabbitmq.mode=operator']
    writeFileSync(join(folder, 'config/definitions.json'), parse(template(args).out)[0].data['definitions.json'])
    write({ ...passwords, 'erlang-cookie': 'cookie1' })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function write(secret: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(secret)) writeFileSync(join(folder, 'auth', key), value)
  }

  function prepared(): Outcome {
    const script = readFileSync(`${charts}rabbitmq/files/prepare.sh`, 'utf8').replaceAll('/prepare/', `${folder}/`)
    writeFileSync(join(folder, 'prepare.sh'), script)
    return run('bash', [join(folder, 'prepare.sh'), join(folder, 'target')])
  }

  it('contain every password unchanged', () => {
    const { code, err } = prepared()
    equal(code, 0, err)
    const { users } = JSON.parse(readFileSync(join(folder, 'target/definitions.json'), 'utf8'))
    deepEqual(Object.fromEntries(users.map(({ name, password }: Loose) => [name, password])), passwords)
  })

  it('are not written if a password or the cookie is empty or contains a line feed, and no secret is logged', () => {
    for (const [key, value] of [
      ['order', ''],
      ['order', 'secret1\nsecret2'],
      ['erlang-cookie', 'secret/1'],
    ] as const) {
      write({ [key]: value })
      const { code, out, err } = prepared()
      equal(code, 1)
      match(err, new RegExp(`^The key ${key} of the broker's Secret must `))
      ok(!(out + err).includes('secret1'))
      write({ ...passwords, 'erlang-cookie': 'cookie1' })
    }
  })

  it('are not written without a password for each user', () => {
    rmSync(join(folder, 'auth/payment'))
    const { code, err } = prepared()
    equal(code, 1)
    equal(err.trim(), "The broker's Secret has no key payment.")
  })

  it('ignore other keys of the Secret', () => {
    write({ 'rotation.example.com_last-rotated': '2026-01-01T00:00:00Z', empty: '' })
    const { code, err } = prepared()
    equal(code, 0, err)
  })
})
