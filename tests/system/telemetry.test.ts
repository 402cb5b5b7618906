// needs: system
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { services } from '@order-saga/contracts'
import { type MailServer, startMailServer } from '../support/mail/mail-server.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { type CollectedSpan, Collector } from '../support/collector.ts'
import { failStatements } from '../support/failing-statements.ts'
import { declinedAmount, decliningLedger, flows } from '../support/flows.ts'
import { someCustomer, type WantedOrder } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'
import { confirmed, declined, paidTooLate, refunded } from './expected-traces.ts'

interface Line {
  readonly msg: string
  readonly service: string
  readonly time: string
  readonly eventId?: string
  readonly sagaId?: string
  readonly orderId?: string
  readonly traceId?: string
}

describe('Logs and traces', function () {
  this.timeout(120_000)
  let mailServer: MailServer
  let provider: Provider
  let collector: Collector
  const system = useSystem(async () => {
    const ledger = decliningLedger()
    ;[mailServer, provider, collector] = await Promise.all([
      startMailServer(),
      startProvider({ ledger }),
      Collector.start(),
    ])
    return {
      mailServer,
      provider,
      env: { LOG_LEVEL: 'debug', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
      envOf: { payment: { PAYMENT_GATEWAY_TIMEOUT_MS: 10_000 } },
    }
  })
  after(async () => {
    await Promise.all([mailServer.stop(), provider.stop(), collector.stop()])
  })

  describe('The logs', () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`
    const lines = (): string[] => services.flatMap((service) => system().services[service].log)

    it('name event, saga, order and trace of a message that fails', async () => {
      system().services.inventory.pause()
      const { orderId, sagaId } = await system().shop.post({ customerEmail: 'private@example.com' }, { traceparent })
      const failing = { store: 'inventory', table: 'inventory_reservations', on: 'INSERT', orderId, times: 2 } as const
      const heal = await failStatements(system(), failing)
      system().services.inventory.resume()
      await system().untilFinal(sagaId)
      await heal()
      const [line] = lines()
        .map((text) => JSON.parse(text) as Line)
        .filter(({ msg }) => msg === 'attempt failed, will be retried')
      assert.deepEqual(
        { service: line?.service, sagaId: line?.sagaId, orderId: line?.orderId, traceId: line?.traceId },
        { service: 'inventory', sagaId, orderId, traceId },
      )
      assert.match(line?.eventId ?? '', /^[0-9a-f-]{36}$/)
    })

    it('are JSON, one object per line, and never contain a payload, address or secret', async () => {
      mailServer.rejectNext(450, 'rcpt')
      for (const flow of flows) {
        const { sagaId } = await system().shop.post(flow.wanted())
        await system().untilFinal(sagaId)
      }
      const channel = await system().broker.channel()
      const bad = Buffer.from('{"customerEmail":"private@example.com","payload":')
      channel.publish('', system().broker.queues.paymentQueue, bad, { type: 'order.created', persistent: true })
      await system().until('the log line of the dead letter', () =>
        lines().some((line) => line.includes('dead-lettered')),
      )
      await system().broker.takeDeadLetters('payment')
      const secrets = [system().databases.server.password, 'guest:guest', provider.apiKey, '@', '"items"', 'SIM-NONE']
      assert(lines().length >= services.length)
      for (const line of lines()) {
        const { msg, service, time } = JSON.parse(line) as Line
        assert(services.includes(service as never) && msg !== '' && !Number.isNaN(Date.parse(time)), line)
        for (const secret of secrets) assert(!line.includes(secret), `${secret} is in ${line}`)
      }
    })
  })

  describe('Tracing', () => {
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
        if (/^(outbox|publish|process) /.test(name))
          assert.equal(attributes['messaging.message.conversation_id'], sagaId)
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
      await assertTrace({ amount: declinedAmount }, declined)
    })

    it('shows an order that is refunded as one tree', async () => {
      const wanted = { customerEmail: someCustomer(), items: [{ sku: 'SIM-NONE', qty: 1 }] }
      await assertTrace(wanted, refunded)
    })

    it('shows an order that is paid after its deadline, and refunded, as one tree', async () => {
      await system().restart('order', { SAGA_TIMEOUT_MS: 2_000 })
      const slow = provider.misbehave({ operation: 'charge' }, { delayMs: 4_000 })
      await assertTrace({ customerEmail: someCustomer() }, paidTooLate)
      slow.lift()
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
})
