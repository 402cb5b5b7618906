import { equal, match } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Outcome, run } from '../../tools/ci/src/programs.ts'
import { charts, objectsWith } from './render.ts'

const ours = ['admin', 'order', 'payment', 'inventory', 'notification', 'operations', 'monitoring', 'erlang-cookie']

describe("the init container of the broker's nodes", () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'order-saga-prepare-'))
    for (const name of ['config', 'auth', 'target']) mkdirSync(join(folder, name))
    const config = objectsWith({}).find(({ metadata }) => metadata.name === 'shop-rabbitmq-config')
    writeFileSync(join(folder, 'config/definitions.json'), config.data['definitions.json'])
    for (const key of ours) writeFileSync(join(folder, 'auth', key), `${key.replace('-', '')}1`)
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const prepare = (): Outcome => {
    const script = readFileSync(`${charts}rabbitmq/files/prepare.sh`, 'utf8').replaceAll('/prepare/', `${folder}/`)
    return run('bash', ['-c', script, 'prepare', join(folder, 'target')])
  }

  it('leaves alone the keys of others in the Secret', () => {
    writeFileSync(join(folder, 'auth/rotation.example.com_last-rotated'), '2026-01-01T00:00:00Z')
    writeFileSync(join(folder, 'auth/empty'), '')
    const { code, err } = prepare()
    equal(code, 0, err)
    const { users } = JSON.parse(readFileSync(join(folder, 'target/definitions.json'), 'utf8'))
    for (const { name, password } of users) equal(password, `${name}1`)
  })

  it('names a key of ours that is missing', () => {
    rmSync(join(folder, 'auth/payment'))
    const { code, err } = prepare()
    equal(code, 1)
    match(err, /no key payment/)
  })

  it('names a key of ours with other characters', () => {
    writeFileSync(join(folder, 'auth/payment'), 'p@ss')
    match(prepare().err, /The key payment .* must be letters and digits only/)
  })
})
