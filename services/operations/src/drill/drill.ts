import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import pMap from 'p-map'
import type { ClientAnswer } from '../audit/sources.ts'
import type { DrillConfig } from '../drill-config.ts'
import { describe, type Flow, type FlowName, flows, isAt, planFlows } from './flows.ts'
import { followSagas } from './follow-sagas.ts'
import { type Accepted, type NewOrder, OrderClient, type Saga, StockClient, type StockLevel } from './order-client.ts'

export interface DrillOptions extends Pick<
  DrillConfig,
  'orderUrl' | 'inventoryUrl' | 'orders' | 'concurrency' | 'timeoutMs'
> {
  /** Empty: none is sent. */
  readonly apiToken?: string
  /** Whether some orders exceed their deadline; the drill then takes that long. */
  readonly withTimeout: boolean
  readonly onProgress?: (line: string) => void
}

export interface DrilledOrder {
  readonly flow: FlowName
  readonly accepted: Accepted
  readonly saga: Saga | undefined
}

type Placed = Pick<DrilledOrder, 'flow' | 'accepted'>

export interface DrillResult {
  readonly orders: readonly DrilledOrder[]
  readonly answers: readonly ClientAnswer[]
  /** One sentence per unexpected result. */
  readonly failures: readonly string[]
  readonly tookMs: number
}

const pollMs = 250

/**
 * Drives orders through the saga's flows in a running system and compares their final status, and the stock, with the
 * expected ones. Each run uses its own SKU, so runs do not affect each other.
 * @throws Error when an order is rejected or a service is unavailable for longer than the timeout
 */
export async function drill(options: DrillOptions): Promise<DrillResult> {
  const { orders, concurrency, withTimeout, timeoutMs, onProgress = () => undefined } = options
  const startedAt = performance.now()
  const run = randomUUID().slice(0, 8)
  const sku = `DRILL-${run}`
  const client = new OrderClient(options.orderUrl, options.apiToken)
  const stock = new StockClient(options.inventoryUrl, sku, options.apiToken)
  const plan = planFlows(orders, withTimeout)
  const initial = orders * 3
  await stock.setAvailable(initial)

  // Orders that wait for their deadline would use up the concurrency limit, so they are followed together at the end.
  const follow = (placed: readonly Placed[], onEnded?: (ended: number) => void): Promise<(Saga | undefined)[]> => {
    const followed = placed.map(({ flow, accepted }) => ({ sagaId: accepted.sagaId, end: flows[flow].end }))
    return followSagas(client, followed, { timeoutMs, onProgress: onEnded })
  }
  const report = progressReporter(orders, onProgress)
  let ended = 0
  const drive = async (flow: FlowName, index: number): Promise<DrilledOrder & { key: string }> => {
    const key = `drill-${run}-${index}`
    const placed = { flow, key, accepted: await client.place(orderFor(flows[flow], sku, index), key, timeoutMs) }
    if (flow === 'timeout') return { ...placed, saga: undefined }
    const [saga] = await follow([placed])
    report((ended += 1))
    return { ...placed, saga }
  }
  const driven = await pMap(plan, drive, { concurrency })
  const late = driven.filter(({ flow }) => flow === 'timeout')
  if (late.length > 0) onProgress(`${late.length} orders wait for their deadline`)
  const lateSagas = await follow(late, (more) => report(ended + more))
  const drilled = driven.map((order) => ({ ...order, saga: order.saga ?? lateSagas[late.indexOf(order)] }))

  const sold = drilled.reduce((sum, { saga }, index) => sum + (saga?.status === 'completed' ? quantity(index) : 0), 0)
  const wanted = { available: initial - sold, reserved: 0 }
  const level = await settledLevel(stock, wanted, timeoutMs)
  return {
    orders: drilled,
    answers: drilled.map(({ key, accepted: { at, status, orderId, sagaId } }) => {
      return { at, status, orderId, sagaId, idempotencyKey: key }
    }),
    failures: [...drilled.flatMap(failureOf), ...stockFailure(level, wanted)],
    tookMs: performance.now() - startedAt,
  }
}

const quantity = (index: number): number => 1 + (index % 3)

function orderFor({ customerEmail, extraSku }: Flow, sku: string, index: number): NewOrder {
  const extra = extraSku === undefined ? [] : [{ sku: extraSku, qty: 1 }]
  return { customerEmail, items: [{ sku, qty: quantity(index) }, ...extra], amount: 10 + (index % 90) + 0.5 }
}

function failureOf({ flow, accepted: { orderId }, saga }: DrilledOrder): string[] {
  const { end } = flows[flow]
  if (saga === undefined) return [`Order ${orderId} was accepted, but GET /sagas returned no saga.`]
  return isAt(saga, end) ? [] : [`Order ${orderId} is ${describe(saga)}, expected ${describe(end)}.`]
}

function stockFailure(level: StockLevel, wanted: StockLevel): string[] {
  return sameLevel(level, wanted) ? [] : [`The stock is ${inWords(level)}, expected ${inWords(wanted)}.`]
}

function inWords({ available, reserved }: StockLevel): string {
  return `${available} available and ${reserved} reserved`
}

function sameLevel(one: StockLevel, other: StockLevel): boolean {
  return one.available === other.available && one.reserved === other.reserved
}

/** Inventory commits the stock after the confirmation, so the level is polled until it is the expected one. */
async function settledLevel(stock: StockClient, wanted: StockLevel, timeoutMs: number): Promise<StockLevel> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const level = await stock.level()
    if (sameLevel(level, wanted) || performance.now() > end) return level
    await wait(pollMs)
  }
}

function progressReporter(orders: number, print: (line: string) => void): (ended: number) => void {
  let reported = 0
  return (ended) => {
    if (ended < orders && ended - reported < orders / 10) return
    if (ended > reported) print(`${ended} of ${orders} orders completed`)
    reported = ended
  }
}
