// needs: database, broker
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { append } from '../scenarios.ts'
import { useOperatedSystem } from './operated-system.ts'

describe('saga outbox', function () {
  this.timeout(60_000)
  const system = useOperatedSystem()

  const scenario = { orderId: randomUUID(), sagaId: randomUUID(), events: {} }

  async function park(store: 'order' | 'payment'): Promise<string> {
    const id = await append(system().data, store, scenario, 'order.lost', { at: new Date(), published: false })
    await system().data.sql(
      store,
      `UPDATE events SET parked_at = now(), park_reason = 'unroutable', unroutable_since = now(), attempts = 9,
         lease_until = 'infinity' WHERE event_id = $1`,
      [id],
    )
    return id
  }

  it('lists parked events by service', async () => {
    const [one, other] = [await park('order'), await park('payment')]
    const found = async (...filter: string[]): Promise<unknown[]> =>
      (await system().json('outbox', 'list', ...filter)).items.map(({ eventId }) => eventId)
    assert.deepEqual(await found(), [one, other])
    assert.deepEqual(await found('--service', 'payment'), [other])
    assert.deepEqual(await found('--limit', '1'), [one])
    const { out } = await system().run(['outbox', 'list'])
    assert.match(
      out,
      new RegExp(
        `^${one} +order +order.lost +${scenario.sagaId} +\\d s ago +9 +unroutable: no queue is bound to routing key order.lost; no service consumes it$`,
        'm',
      ),
    )
    const { code, error } = await system().run(['outbox', 'list', '--service', 'notification'])
    assert.deepEqual(
      [code, error],
      [2, '--service notification has no outbox: give one of order, payment, inventory.\n'],
    )
  })

  it('releases the selected events, so that any relay may claim them, and records the act', async () => {
    const [one, other] = [await park('order'), await park('payment')]
    const unsaid = await system().run(['outbox', 'release', '--reason', 'bound'])
    assert.deepEqual([unsaid.code, unsaid.error.startsWith('Nothing is selected')], [2, true])
    const dry = await system().json('outbox', 'release', '--all', '--dry-run')
    assert.equal(dry.items.length, 2)
    const { code } = await system().run(['outbox', 'release', other, '--reason', 'the queue is bound'])
    assert.equal(code, 0)
    const [row] = await system().data.sql<Record<string, unknown>>(
      'payment',
      `SELECT parked_at, park_reason, unroutable_since, attempts, lease_until <= now() AS free FROM events`,
    )
    assert.deepEqual(row, { parked_at: null, park_reason: null, unroutable_since: null, attempts: 0, free: true })
    const [act, ...more] = (await system().json('acts')).items
    assert.deepEqual(more, [])
    assert.deepEqual([act?.['act'], act?.['subject'], act?.['place']], ['release', other, 'payment outbox'])
    assert.deepEqual(act?.['detail'], { reason: 'unroutable', attempts: 9 })
    const again = await system().run(['outbox', 'release', other, one, '--reason', 'once more'])
    assert.equal(again.code, 1)
    assert.match(again.out, new RegExp(`^No parked event has the id ${other}: outbox list shows them.$`, 'm'))
    assert.deepEqual((await system().json('outbox', 'list')).items, [])
  })
})
