import assert from 'node:assert/strict'
import { type SagaIds, templateOf } from '../src/saga-template.ts'
import { windowsOf } from '../src/windows.ts'

const idOf = (digit: number): string => `01a21502-410e-7466-b64c-00000000000${digit}`
const ids: SagaIds = {
  saga: idOf(0),
  order: idOf(1),
  'order.created': idOf(2),
  'payment.completed': idOf(3),
  'inventory.reserved': idOf(4),
  'order.confirmed': idOf(5),
  payment: idOf(6),
  charge: 'sim_ch_120798fd1d96fab1d658c06c',
  reservation: idOf(8),
}
const midway = new Date('2026-01-01T00:00:45Z')

/** Like SQL's format(). */
function filled(template: string, ...values: string[]): unknown {
  const text = template.replaceAll(/%(?:(\d)\$s|%)/g, (found, place?: string) =>
    place === undefined ? found.slice(1) : (values[Number(place) - 1] ?? ''),
  )
  return JSON.parse(text)
}

describe('the template of a row', () => {
  const row = {
    saga_id: ids.saga,
    charge_id: ids.charge,
    note: '100 %',
    finished_at: '2026-01-01T00:00:01.5+00:00',
    timeout_at: '2026-01-01T00:01:30+00:00',
    history: [{ at: '2026-01-01T00:00:00.250Z', eventId: ids['order.created'] }],
    qty: 1,
  }

  it('has placeholders for every id and instant, and keeps other values', () => {
    const template = templateOf(JSON.stringify(row), ids, midway)
    assert.deepEqual(filled(template, '0199aaaa-bbbb', '8ccc-dddddddddddd', 'then', 'later'), {
      saga_id: '0199aaaa-bbbb-7000-8ccc-dddddddddddd',
      charge_id: '0199aaaa-bbbb-7007-8ccc-dddddddddddd',
      note: '100 %',
      finished_at: 'then',
      timeout_at: 'later',
      history: [{ at: 'then', eventId: '0199aaaa-bbbb-7002-8ccc-dddddddddddd' }],
      qty: 1,
    })
  })
})

describe('the windows of a prefill', () => {
  const now = new Date('2026-06-01T12:00:00Z')
  const daysAgo = (ms: number): number => (now.getTime() - ms) / 86_400_000

  it('number sagas without a gap, and only the new one has messages', () => {
    const [old, young] = windowsOf({ orders: 100, published: 30 }, now)
    assert.deepEqual([old?.first, old?.count, old?.withMessages], [0, 70, false])
    assert.deepEqual([young?.first, young?.count, young?.withMessages], [70, 30, true])
  })

  it('are past the retention of messages, or hours before its end', () => {
    const [old, young] = windowsOf({ orders: 100, published: 30 }, now)
    assert.ok(daysAgo(old?.toMs ?? 0) > 7)
    assert.ok(daysAgo(young?.fromMs ?? 0) <= 0.5)
    assert.ok((young?.toMs ?? 0) < now.getTime())
  })

  it('omit an empty window', () => {
    assert.deepEqual(
      windowsOf({ orders: 100, published: 100 }, now).map(({ count }) => count),
      [100],
    )
    assert.deepEqual(
      windowsOf({ orders: 100, published: 0 }, now).map(({ withMessages }) => withMessages),
      [false],
    )
    assert.deepEqual(windowsOf({ orders: 0, published: 0 }, now), [])
  })
})
