// needs: system
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type CollectedSpan, Collector } from '../support/collector.ts'
import { someCustomer, type WantedOrder } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

const confirmed = `
order: POST /orders
  order: outbox order.created
    order: publish order.created
      payment: process order.created
        payment: gateway charge
        payment: outbox payment.completed
          payment: publish payment.completed
            inventory: process payment.completed
              inventory: outbox inventory.reserved
                inventory: publish inventory.reserved
                  order: process inventory.reserved
                    order: outbox order.confirmed
                      order: publish order.confirmed
                        inventory: process order.confirmed
                        notification: process order.confirmed
                          notification: send mail confirmed
            order: process payment.completed`

const declined = `
order: POST /orders
  order: outbox order.created
    order: publish order.created
      payment: process order.created
        payment: gateway charge
        payment: outbox payment.failed
          payment: publish payment.failed
            order: process payment.failed
              order: outbox order.cancelled
                order: publish order.cancelled
                  inventory: process order.cancelled
                  notification: process order.cancelled
                    notification: send mail cancelled
                  payment: process order.cancelled`

const refunded = `
order: POST /orders
  order: outbox order.created
    order: publish order.created
      payment: process order.created
        payment: gateway charge
        payment: outbox payment.completed
          payment: publish payment.completed
            inventory: process payment.completed
              inventory: outbox inventory.failed
                inventory: publish inventory.failed
                  order: process inventory.failed
                    order: outbox payment.refund.requested
                      order: publish payment.refund.requested
                        payment: process payment.refund.requested
                          payment: gateway refund
                          payment: outbox payment.refunded
                            payment: publish payment.refunded
                              notification: process payment.refunded
                                notification: send mail refunded
                              order: process payment.refunded
                                order: outbox order.cancelled
                                  order: publish order.cancelled
                                    inventory: process order.cancelled
                                    notification: process order.cancelled
                                      notification: send mail cancelled
                                    payment: process order.cancelled
            order: process payment.completed`

const paidTooLate = `
order: POST /orders
  order: outbox order.cancelled
    order: publish order.cancelled
      inventory: process order.cancelled
      notification: process order.cancelled
        notification: send mail cancelled
      payment: process order.cancelled
  order: outbox order.created
    order: publish order.created
      payment: process order.created
        payment: gateway charge
        payment: outbox payment.completed
          payment: publish payment.completed
            inventory: process payment.completed
              inventory: outbox inventory.failed
                inventory: publish inventory.failed
                  order: process inventory.failed
            order: process payment.completed
              order: outbox payment.refund.requested
                order: publish payment.refund.requested
                  payment: process payment.refund.requested
                    payment: gateway refund
                    payment: outbox payment.refunded
                      payment: publish payment.refunded
                        notification: process payment.refunded
                          notification: send mail refunded
                        order: process payment.refunded`

describe('Tracing', function () {
  this.timeout(120_000)
  let mailServer: MailServer
  let collector: Collector
  const system = useSystem(async () => {
    mailServer = await startMailServer()
    collector = await Collector.start()
    return { mailServer, env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } }
  })
  after(async () => {
    await mailServer.stop()
    await collector.stop()
  })

  /** Places an order as a part of a client's trace, and compares what came of it with the tree. */
  async function assertTrace(wanted: WantedOrder, tree: string): Promise<CollectedSpan[]> {
    const expected = tree.trim().split('\n')
    const traceId = randomBytes(16).toString('hex')
    const client = randomBytes(8).toString('hex')
    const { sagaId } = await system().shop.post(wanted, { traceparent: `00-${traceId}-${client}-01` })
    await system().untilFinal(sagaId)
    await system().settle()
    const isThere = (): boolean => collector.of(traceId).length >= expected.length
    await system()
      .until('all spans', isThere)
      .catch(() => undefined)
    assert.deepEqual(collector.tree(traceId, client), expected)
    assert.equal(collector.of(traceId).length, expected.length, 'every span is in the tree')
    for (const { attributes, name } of collector.of(traceId)) {
      if (/^(outbox|publish|process) /.test(name)) assert.equal(attributes['messaging.message.conversation_id'], sagaId)
    }
    return collector.of(traceId)
  }

  it('shows a confirmed order as one tree, from the POST to the mail', async () => {
    const spans = await assertTrace({ customerEmail: someCustomer() }, confirmed)
    const named = (name: string): CollectedSpan => spans.find((span) => span.name === name) as CollectedSpan
    const [outbox, publishing] = [named('outbox order.created'), named('publish order.created')]
    // A span whose start was given, as that of the outbox, counts in milliseconds.
    const within = outbox.startedAt <= publishing.startedAt && publishing.endedAt <= outbox.endedAt + 1_000_000n
    assert(within, 'published in the outbox')
    const attempt = named('process order.created').attributes
    assert.equal(attempt['messaging.destination.name'], system().broker.queues.paymentQueue)
    assert.equal(attempt['order_saga.result'], 'processed')
    assert.equal(named('POST /orders').attributes['http.response.status_code'], 202)
  })

  it('shows an order whose payment is declined as one tree', async () => {
    await assertTrace({ customerEmail: `decline@${randomBytes(4).toString('hex')}.example` }, declined)
  })

  it('shows an order that is refunded as one tree', async () => {
    const wanted = { customerEmail: someCustomer(), items: [{ sku: 'SIM-NONE', qty: 1 }] }
    await assertTrace(wanted, refunded)
  })

  it('shows an order that is paid after its deadline, and refunded, as one tree', async () => {
    await system().restart('order', { SAGA_TIMEOUT_MS: 2_000 })
    await assertTrace({ customerEmail: `slow@${randomBytes(4).toString('hex')}.example` }, paidTooLate)
    await system().restart('order', { SAGA_TIMEOUT_MS: 60_000 })
  })

  it('omits a trace that the client has not sampled, and propagates the decision', async () => {
    const traceId = randomBytes(16).toString('hex')
    const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-00`
    const { orderId, sagaId } = await system().shop.post({ customerEmail: someCustomer() }, { traceparent })
    await system().untilFinal(sagaId)
    const rows = await system().sql<{ traceparent: string }>(
      'payment',
      'SELECT traceparent FROM events WHERE order_id = $1',
      [orderId],
    )
    assert.match(rows[0]?.traceparent ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`))
    // A later trace has come, so this one would have.
    await assertTrace({ customerEmail: someCustomer() }, confirmed)
    assert.deepEqual(collector.of(traceId), [])
  })

  it('sends no e-mail address to the collector, and delays no order without a collector', async () => {
    assert(collector.bodies.length > 0)
    for (const body of collector.bodies) assert.doesNotMatch(body, /@|password|guest/)
    await collector.stop()
    const { sagaId } = await system().shop.post({ customerEmail: someCustomer() })
    assert.equal((await system().untilFinal(sagaId)).status, 'completed')
    await system().until('a word of it in the log', () =>
      system().services.order.log.some((line) => line.includes('traces could not be sent')),
    )
  })
})
