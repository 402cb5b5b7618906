import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import pMap from 'p-map'
import type { ClientAnswer } from '../audit/sources.ts'
import { describe, type Flow, type FlowName, flows, isAt, planFlows } from './flows.ts'
import { followSagas } from './follow-sagas.ts'
import { type Accepted, type NewOrder, OrderClient, type Saga, StockClient, type StockLevel } from './order-client.ts'

export interface DrillOptions {
  readonly orderUrl: string
  readonly inventoryUrl: string
  readonly orders: number
  /** Orders under way at the same time, those aside that wait for their deadline. */
  readonly concurrency: number
  /** Also drive orders into their deadline: the drill then takes as long as they have. */
  readonly withTimeout: boolean
  /** How long an answer, or an order's end once it is due, is waited for. */
  readonly timeoutMs: number
  readonly onProgress?: (line: string) => void
}

export interface DrilledOrder {
  readonly flow: FlowName
  readonly accepted: Accepted
  readonly saga: Saga | undefined
}

interface Placed {
  readonly flow: FlowName
  readonly accepted: Accepted
}

export interface DrillResult {
  readonly orders: readonly DrilledOrder[]
  /** What the clients were answered, for the audit. */
  readonly answers: readonly ClientAnswer[]
  /** What is not as it must be, a sentence each; empty after a good drill. */
  readonly complaints: readonly string[]
  readonly tookMs: number
}

const pollMs = 250

/**
 * Drives orders through the saga's flows in a running system and compares their ends, and the stock they took, with
 * what their flows promise. Each run uses an article of its own, so runs do not disturb each other.
 * @throws Error when an order is refused or a service is away for longer than the patience
 */
export async function drill(options: DrillOptions): Promise<DrillResult> {
  const { orders, concurrency, withTimeout, timeoutMs, onProgress = () => undefined } = options
  const startedAt = performance.now()
  const run = randomUUID().slice(0, 8)
  const sku = `DRILL-${run}`
  const client = new OrderClient(options.orderUrl)
  const stock = new StockClient(options.inventoryUrl, sku)
  const plan = planFlows(orders, withTimeout)
  const initial = orders * 3
  await stock.setAvailable(initial)

  // An order that waits for its deadline would hold up its lane, so those are followed together at last.
  const follow = (placed: readonly Placed[], onEnded?: (ended: number) => void): Promise<(Saga | undefined)[]> => {
    const followed = placed.map(({ flow, accepted }) => ({ sagaId: accepted.sagaId, end: flows[flow].end }))
    return followSagas(client, followed, { timeoutMs, onProgress: onEnded })
  }
  const report = endedReporter(orders, onProgress)
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
    complaints: [...drilled.flatMap(complaintOf), ...stockComplaint(level, wanted)],
    tookMs: performance.now() - startedAt,
  }
}

const quantity = (index: number): number => 1 + (index % 3)

function orderFor({ customerEmail, extraSku }: Flow, sku: string, index: number): NewOrder {
  const extra = extraSku === undefined ? [] : [{ sku: extraSku, qty: 1 }]
  return { customerEmail, items: [{ sku, qty: quantity(index) }, ...extra], amount: 10 + (index % 90) + 0.5 }
}

function complaintOf({ flow, accepted: { orderId }, saga }: DrilledOrder): string[] {
  const { end } = flows[flow]
  if (saga === undefined) return [`Order ${orderId} was accepted, and its saga was never answered.`]
  return isAt(saga, end) ? [] : [`Order ${orderId} is ${describe(saga)}, and was to be ${describe(end)}.`]
}

function stockComplaint(level: StockLevel, wanted: StockLevel): string[] {
  if (sameLevel(level, wanted)) return []
  return [`The stock is ${inWords(level)}, and was to be ${inWords(wanted)}.`]
}

function inWords({ available, reserved }: StockLevel): string {
  return `${available} available and ${reserved} reserved`
}

function sameLevel(one: StockLevel, other: StockLevel): boolean {
  return one.available === other.available && one.reserved === other.reserved
}

/** A confirmed order's goods leave after its confirmation, so the stock is looked at until it is right. */
async function settledLevel(stock: StockClient, wanted: StockLevel, timeoutMs: number): Promise<StockLevel> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const level = await stock.level()
    if (sameLevel(level, wanted) || performance.now() > end) return level
    await wait(pollMs)
  }
}

/** Says how many have ended when it is a new tenth of all. */
function endedReporter(orders: number, say: (line: string) => void): (ended: number) => void {
  let told = 0
  return (ended) => {
    if (ended < orders && ended - told < orders / 10) return
    if (ended > told) say(`${ended} of ${orders} orders at their end`)
    told = ended
  }
}
