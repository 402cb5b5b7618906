import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { ServiceLog } from '../src/service-log.ts'
import { waitUntil } from '../src/wait-until.ts'

const lines = [
  '{"level":30,"time":"2026-01-01T00:00:00Z","service":"order","msg":"started"}',
  '{"level":40,"service":"order","msg":"waiting for the database","reason":"refused","attempt":3}',
  'Error: not a log record',
  '{"level":50,"service":"order","reason":"no text"}',
  '{"level":40,"service":"order","msg":"waiting for the database","reason":"refused","attempt":4}',
  '[1, 2]',
]

describe("a service's output", () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'order-saga-test-'))
  })

  afterEach(async () => rm(folder, { recursive: true, force: true }))

  async function read(everything: boolean): Promise<{ log: ServiceLog; printed: string[] }> {
    const printed: string[] = []
    const log = new ServiceLog('order', join(folder, 'order.log'), everything, (line) => printed.push(line))
    log.read(Readable.from(lines.map((line) => `${line}\n`)))
    await waitUntil(() => printed.at(-1)?.endsWith('[1, 2]'), {
      what: 'the last line',
      limitMs: 5000,
      state: () => printed,
    })
    await log.close()
    return { log, printed }
  }

  it('is printed from level warn on, repetitions once, and written to the file completely', async () => {
    const { log, printed } = await read(false)
    assert.deepEqual(printed, [
      'order        warn waiting for the database reason=refused attempt=3',
      'order        Error: not a log record',
      'order        error reason=no text',
      'order        [1, 2]',
    ])
    assert.equal(await readFile(join(folder, 'order.log'), 'utf8'), `${lines.join('\n')}\n`)
    assert.equal(log.latest, 'error reason=no text / warn waiting for the database reason=refused attempt=4 / [1, 2]')
  })

  it('goes to the terminal in full when configured', async () => {
    const { printed } = await read(true)
    assert.equal(printed[0], 'order        info started')
    assert.equal(printed.length, lines.length)
  })
})
