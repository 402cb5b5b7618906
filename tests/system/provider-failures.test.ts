// needs: system
import assert from 'node:assert/strict'
import type { Misbehaviour, Rule } from '../support/provider/misbehaviour.ts'
import { type Provider, startProvider } from '../support/provider/provider.ts'
import { decliningLedger } from '../support/flows.ts'
import { requestsFor } from '../support/ledger.ts'
import { OrderStream } from '../support/order-stream.ts'
import { someSku } from '../support/shop.ts'
import { useSystem } from '../support/use-system.ts'

describe('A failing payment provider', function () {
  this.timeout(180_000)
  const ledger = decliningLedger()
  let provider: Provider
  let stream: OrderStream | undefined
  const sku = someSku()
  const system = useSystem(async () => {
    provider = await startProvider({ ledger })
    return { provider, env: { PAYMENT_GATEWAY_TIMEOUT_MS: 1_000 } }
  })
  before(() => system().shop.putStock(sku, 100_000))
  afterEach(() => {
    stream?.abandon()
    provider.behave()
  })
  after(() => provider.stop())

  /** Each kind of fault applies to its share of the requests. */
  function faultsOf(operation: 'charge' | 'refund', share: number): Rule[] {
    const faults: Misbehaviour[] = [
      { answer: 'cut' },
      { answer: 'cut-halfway' },
      { answer: 'garbage' },
      { answer: { status: 500 } },
      { answer: { status: 500 }, takesEffect: false },
      { answer: { status: 429 }, takesEffect: false },
      { answer: { status: 401 }, takesEffect: false },
      { delayMs: 1_500 },
      { answer: 'cut', effectAfterMs: 300 },
      { deliveries: 2 },
    ]
    // The provider assigns each request a number between 0 and 1; the first rule whose share reaches it applies.
    return faults.map((fault, i) => provider.misbehave({ operation, share: share * (i + 1) }, fault))
  }

  it('that is slow, fails before or after a charge or refund, or closes connections, executes each once', async () => {
    const rules = [...faultsOf('charge', 0.05), ...faultsOf('refund', 0.05)]
    for (const operation of ['findCharge', 'findRefund'] as const) {
      provider.misbehave({ operation, share: 0.2 }, { answer: { status: 503 } })
    }
    const orders = new OrderStream({ shop: system().shop, perSecond: 25, sku, repeat: 'until accepted' })
    stream = orders
    const struck = (): number => rules.filter((rule) => rule.applied > 0).length
    // On a busy machine orders are accepted long before their charges are requested.
    await system().until(
      'enough orders and kinds of faults',
      () => orders.accepted.length >= 70 && struck() > rules.length / 2,
    )
    await orders.stop()
    // Retries back off exponentially; the faults end before the delays reach minutes.
    provider.behave()
    await system().settle()
    const confirmed = await system().sql('order', `SELECT order_id FROM orders WHERE status = 'confirmed'`)
    assert(confirmed.length > 20)
    assert(struck() > rules.length / 2, `only ${struck()} of ${rules.length} kinds of faults occurred`)
  })

  it('that is unavailable delays orders and fails none', async () => {
    await provider.stop()
    const placed = await Promise.all(Array.from({ length: 10 }, () => system().shop.post({ items: [{ sku, qty: 1 }] })))
    await system().until('payment to notice', () =>
      system().services.payment.log.some((line) => line.includes('breaker changed')),
    )
    provider = await startProvider({ ledger, port: Number(new URL(provider.url).port) })
    for (const { orderId, sagaId } of placed) {
      assert.equal((await system().untilFinal(sagaId)).status, 'completed')
      assert.deepEqual(requestsFor(provider, orderId), ['charge'])
    }
  })
})
