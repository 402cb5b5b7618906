import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { driveFlow } from '../src/demo-drive.ts'
import { flows, isExpected, isOver } from '../src/demo-flows.ts'
import type { Flow, SagaView } from '../src/demo-flows.ts'
import { demoTable, median } from '../src/demo-table.ts'

const [confirmed, , , tooLate] = flows as [Flow, Flow, Flow, Flow]
const view: SagaView = {
  sagaId: 's',
  orderId: 'o',
  status: 'pending',
  reason: null,
  compensation: 'none',
  createdAt: '2026-01-01T00:00:00.000Z',
  finishedAt: null,
}

/** An order service that answers with one view after the other, and with the last one from then on. */
async function withOrderService<T>(views: Partial<SagaView>[], use: (url: string) => Promise<T>): Promise<T> {
  const asked = new Map<string, number>()
  let orders = 0
  const server = createServer((request, response) => {
    request.resume()
    if (request.method === 'POST') {
      orders += 1
      response.writeHead(202).end(JSON.stringify({ sagaId: `saga-${orders}`, orderId: `order-${orders}` }))
      return
    }
    const sagaId = request.url?.split('/').at(-1) ?? ''
    const times = asked.get(sagaId) ?? 0
    asked.set(sagaId, times + 1)
    const now = views[Math.min(times, views.length - 1)]
    response.end(JSON.stringify({ ...view, sagaId, orderId: sagaId.replace('saga', 'order'), ...now }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    return await use(`http://127.0.0.1:${port}`)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

function drive(flow: Flow, views: Partial<SagaView>[], limitMs = 5000): ReturnType<typeof driveFlow> {
  return withOrderService(views, (url) => driveFlow(url, flow, limitMs, new AbortController().signal))
}

describe('the demo', () => {
  it('drives at least 40 orders through four flows that end differently', () => {
    assert.ok(flows.reduce((sum, { orders }) => sum + orders, 0) >= 40)
    assert.equal(new Set(flows.map(({ expected }) => JSON.stringify(expected))).size, 4)
  })

  it('follows each order to its end and takes both times', async () => {
    const finishedAt = '2026-01-01T00:00:00.030Z'
    const driven = await drive(confirmed, [{}, { status: 'payment_completed' }, { status: 'completed', finishedAt }])
    assert.equal(driven.length, confirmed.orders)
    assert.equal(new Set(driven.map(({ saga }) => saga.sagaId)).size, confirmed.orders)
    assert.ok(driven.every(({ asExpected, serverMs, clientMs }) => asExpected && serverMs === 30 && clientMs > 0))
  })

  it('waits for the refund of an order that ended at its deadline, and only for that', async () => {
    const ended = { status: 'timeout_cancelled', reason: 'timeout' }
    const [first] = await drive({ ...tooLate, orders: 1 }, [
      ended,
      { ...ended, compensation: 'refund_requested' },
      { ...ended, compensation: 'refunded' },
    ])
    assert.ok(first?.asExpected)
    assert.ok(isOver({ ...view, status: 'completed' }, tooLate))
    assert.ok(isOver({ ...view, status: 'timeout_cancelled', reason: 'other' }, tooLate))
    assert.ok(!isExpected({ ...view, status: 'completed' }, tooLate))
  })

  it('shows what has not ended in time, or not as expected, instead of waiting for ever', async () => {
    const stuck = await drive({ ...confirmed, orders: 2 }, [{}], 20)
    const declined = await drive({ ...tooLate, orders: 1 }, [{ status: 'cancelled', reason: 'payment_failed' }])
    const table = demoTable([
      { flow: { ...confirmed, orders: 2 }, driven: stuck },
      { flow: { ...tooLate, orders: 1 }, driven: declined },
    ])
    assert.match(table, /^confirmed +2 +completed +2 pending /m)
    assert.match(table, /^too late +1 +timeout_cancelled \(timeout, refunded\) +1 cancelled \(payment_failed\) /m)
  })

  it('says which request was refused or not answered', async () => {
    const signal = new AbortController().signal
    await assert.rejects(
      driveFlow('http://127.0.0.1:9', confirmed, 5000, signal),
      /127.0.0.1:9\/orders does not answer: /,
    )
  })

  it('knows the middle of an odd and an even number of times, and of none', () => {
    assert.equal(median([30, 10, 20]), 20)
    assert.equal(median([40, 10, 30, 20]), 25)
    assert.equal(median([]), undefined)
  })
})
