// needs: database
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientAnswer, readClientLog } from '../src/index.ts'
import { AuditedSystem, violationsIn } from './audited-system.ts'
import { type Scenario, writeScenario } from './scenarios.ts'

const at = '2026-03-01T10:20:30.000Z'

const accepted = ({ orderId, sagaId }: Scenario, idempotencyKey?: string): ClientAnswer => ({
  at,
  status: 202,
  orderId,
  sagaId,
  idempotencyKey,
})

describe('the audit of responses to clients', () => {
  let system: AuditedSystem
  let scenario: Scenario

  before(async () => {
    system = await AuditedSystem.start()
  })
  after(() => system.stop())
  beforeEach(async () => {
    scenario = await writeScenario(system, 'confirmed')
  })
  afterEach(() => system.clear())

  const found = async (...clientAnswers: ClientAnswer[]): Promise<Record<string, readonly string[]>> =>
    violationsIn(await system.audit({}, { clientAnswers }))

  it('accepts a consistent log, and ignores rejections', async () => {
    const other = await writeScenario(system, 'declined')
    const lost = randomUUID()
    const upper = { ...scenario, orderId: scenario.orderId.toUpperCase(), sagaId: scenario.sagaId.toUpperCase() }
    assert.deepEqual(
      await found(
        accepted(scenario, 'k1'),
        accepted(scenario, 'k1'),
        accepted(upper, 'k1'),
        accepted(other, 'k2'),
        accepted(other),
        { at, status: 503 },
        { at, status: 409, orderId: lost, idempotencyKey: 'k1' },
      ),
      {},
    )
  })

  it('finds an accepted order without a row', async () => {
    const lost = randomUUID()
    assert.deepEqual(
      await found(accepted({ ...scenario, orderId: lost }), accepted({ ...scenario, orderId: 'no-uuid' })),
      {
        'client_answers: accepted, but the order does not exist': [lost, 'no-uuid'],
      },
    )
  })

  it('finds an accepted order under another saga', async () => {
    assert.deepEqual(await found(accepted({ ...scenario, sagaId: randomUUID() })), {
      'client_answers: accepted with another saga': [scenario.orderId],
    })
  })

  it('finds a 202 response without an order id', async () => {
    assert.deepEqual(await found({ at, status: 202 }), { 'client_answers: accepted without an order id': [at] })
  })

  it('finds one key that gave two orders', async () => {
    const other = await writeScenario(system, 'declined')
    assert.deepEqual(await found(accepted(scenario, 'k1'), accepted(other, 'k1')), {
      'client_answers: one key gave two orders': [`${scenario.orderId} and ${other.orderId}`],
    })
  })

  it('finds a key that is kept for another order', async () => {
    const other = await writeScenario(system, 'declined')
    await system.sql('order', "INSERT INTO idempotency_keys VALUES ('k1', '', $1, $2, now())", [
      other.orderId,
      other.sagaId,
    ])
    assert.deepEqual(await found(accepted(scenario, 'k1')), {
      'client_answers: the key belongs to another order': [scenario.orderId],
    })
  })

  it('checks more answers than it holds at once', async () => {
    const lost = randomUUID()
    const many = Array.from({ length: 2_500 }, () => accepted(scenario))
    assert.deepEqual(await found(...many, accepted({ ...scenario, orderId: lost }), ...many), {
      'client_answers: accepted, but the order does not exist': [lost],
    })
  })
})

describe("a client's log", () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'order-saga-audit-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function read(text: string): Promise<ClientAnswer[]> {
    const file = join(folder, 'log.jsonl')
    await writeFile(file, text)
    const answers: ClientAnswer[] = []
    for await (const answer of readClientLog(file)) answers.push(answer)
    return answers
  }

  it('is read line by line, ignoring empty lines and unknown fields', async () => {
    const absent = { orderId: undefined, sagaId: undefined, idempotencyKey: undefined }
    assert.deepEqual(
      await read('{"at":"a","status":202,"orderId":"o","sagaId":"s","x":1}\n\n{"at":"b","status":503}'),
      [
        { ...absent, at: 'a', status: 202, orderId: 'o', sagaId: 's' },
        { ...absent, at: 'b', status: 503 },
      ],
    )
  })

  it('is refused with the number of the invalid line', async () => {
    await assert.rejects(
      read('{"at":"a","status":202}\n{"at":"b"}'),
      /line 2 of .*log\.jsonl is not a response to a client/,
    )
    await assert.rejects(read('{"at":"a","status":202}\n\nnot json'), /line 3 of /)
    await assert.rejects(read('[]'), /line 1 of /)
  })

  it('that does not exist is named', async () => {
    await assert.rejects(readClientLog(join(folder, 'none')).next(), /ENOENT/)
  })
})
