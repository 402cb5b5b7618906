// needs: database, broker
import assert from 'node:assert/strict'
import { type Scenario, writeScenario } from '../scenarios.ts'
import { useOperatedSystem } from './operated-system.ts'

const minute = 60_000

describe('saga list', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  it('shows sagas by status and age, the oldest first', async () => {
    const ago = (minutes: number): Date => new Date(Date.now() - minutes * minute)
    const young = await writeScenario(system().data, 'pending', ago(1))
    const old = await writeScenario(system().data, 'pending', ago(30))
    const done = await writeScenario(system().data, 'confirmed', ago(60))
    const refunding = await writeScenario(system().data, 'refunding', ago(45))
    const found = async (...filter: string[]): Promise<unknown[]> =>
      (await system().json('list', ...filter)).items.map(({ sagaId }) => sagaId)
    assert.deepEqual(
      await found(),
      [done, refunding, old, young].map(({ sagaId }) => sagaId),
    )
    assert.deepEqual(await found('--status', 'pending'), [old.sagaId, young.sagaId])
    assert.deepEqual(await found('--status', 'pending', '--older-than', '5m'), [old.sagaId])
    assert.deepEqual(await found('--status', 'cancelled'), [])
    const { code, out } = await system().run(['list', '--status', 'refunding'])
    assert.equal(code, 0)
    const row = `^${refunding.sagaId}  ${refunding.orderId}  refunding/refund_requested  - +45 min  \\d s ago +44 min ago +-$`
    assert.match(out, new RegExp(row, 'm'))
  })

  it('shows a page at a time', async () => {
    const scenarios: Scenario[] = []
    for (let n = 5; n > 0; n -= 1)
      scenarios.push(await writeScenario(system().data, 'pending', new Date(Date.now() - n * minute)))
    const seen: unknown[] = []
    let next: string[] = []
    for (let page = 1; page <= 3; page += 1) {
      const { items, summary } = await system().json('list', '--limit', '2', ...next)
      seen.push(...items.map(({ sagaId }) => sagaId))
      next = ['--after', String(summary['next'])]
    }
    assert.deepEqual(
      seen,
      scenarios.map(({ sagaId }) => sagaId),
    )
    assert.deepEqual(next, ['--after', 'null'])
  })

  it('shows the sagas with violations only, by status and a page at a time', async () => {
    const ago = (minutes: number): Date => new Date(Date.now() - minutes * minute)
    await writeScenario(system().data, 'confirmed', ago(60))
    const [old, young] = [
      await writeScenario(system().data, 'timedOut', ago(50)),
      await writeScenario(system().data, 'pending', ago(1)),
    ]
    for (const [n, { sagaId }] of [old, young].entries()) {
      await system().data.sql(
        'order',
        'INSERT INTO saga_violations (saga_id, violations, first_at, last_at) VALUES ($1, $2, now(), now())',
        [sagaId, n + 1],
      )
    }
    const found = async (...filter: string[]): Promise<unknown[]> =>
      (await system().json('list', '--violations', ...filter)).items.map(({ sagaId, violations }) => [
        sagaId,
        violations,
      ])
    const all = [
      [old.sagaId, 1],
      [young.sagaId, 2],
    ]
    assert.deepEqual(await found(), all)
    assert.deepEqual(await found('--status', 'pending'), all.slice(1))
    assert.deepEqual(await found('--older-than', '5m'), all.slice(0, 1))
    await system().data.sql('order', `UPDATE orders SET customer_id = 'c-1' WHERE saga_id <> $1`, [old.sagaId])
    assert.deepEqual(await found('--customer', 'c-1'), all.slice(1))
    assert.deepEqual(await found('--blocked'), all.slice(1))
    const { summary } = await system().json('list', '--violations', '--limit', '1')
    assert.deepEqual(await found('--after', String(summary['next'])), all.slice(1))
    const { out } = await system().run(['list', '--violations'])
    assert.match(out, /DEADLINE +BLOCKED BY +VIOLATIONS$/m)
    assert.match(out, new RegExp(`^${young.sagaId} .* 2$`, 'm'))
    assert.match((await system().run(['show', young.sagaId])).out, /^violations +2$/m)
    assert.doesNotMatch((await system().run(['list'])).out, /VIOLATIONS/)
  })

  it('names an unknown status', async () => {
    const { code, error } = await system().run(['list', '--status', 'lost'])
    assert.equal(code, 2)
    assert.match(error, /^--status lost is not a status of a saga: give one of pending, payment_completed, /)
  })
})
