import assert from 'node:assert/strict'
import { consumersOf, type StoreName } from '../src/inspect/stores.ts'
import { type AuditedSystem, violationsIn } from './audited-system.ts'
import { append, claim, type plans, type Scenario, writeScenario } from './scenarios.ts'

export type Corruption = (system: AuditedSystem, scenario: Scenario) => Promise<unknown>

/** One kind of violation, and its finding. */
export interface Case {
  readonly plan: keyof typeof plans
  readonly how: string
  readonly corrupt: Corruption
  readonly found: string
}

/** Changes the order's own rows. */
const set =
  (store: StoreName, table: string, change: string): Corruption =>
  (system, { orderId }) =>
    system.sql(store, `UPDATE ${table} SET ${change} WHERE order_id = $1`, [orderId])
export const remove =
  (store: StoreName, table: string): Corruption =>
  (system, { orderId }) =>
    system.sql(store, `DELETE FROM ${table} WHERE order_id = $1`, [orderId])
export const removeEvent =
  (store: StoreName, name: string): Corruption =>
  (system, { events }) =>
    system.sql(store, 'DELETE FROM events WHERE event_id = $1', [events[name]])
export const all =
  (...corruptions: Corruption[]): Corruption =>
  async (system, scenario) => {
    for (const one of corruptions) await one(system, scenario)
  }
/** One more event, processed like the others. */
export const appendEvent =
  (name: string, store: StoreName, cause?: string): Corruption =>
  async (system, scenario) => {
    const at = new Date(Date.now() - 3_600_000)
    const eventId = await append(system, store, { ...scenario, events: {} }, name, {
      at,
      cause: scenario.events[cause ?? ''],
    })
    for (const consumer of consumersOf(name)) await claim(system, consumer, eventId, at)
  }
export const setAmount =
  (name: string, amount: string): Corruption =>
  (system, { events }) =>
    system.sql('payment', 'UPDATE events SET payload = payload || $2 WHERE event_id = $1', [
      events[name],
      JSON.stringify({ amount }),
    ])
export const orders = (change: string): Corruption => set('order', 'orders', change)
export const sagas = (change: string): Corruption => set('order', 'saga_instances', change)
export const payments = (change: string): Corruption => set('payment', 'payment_transactions', change)
export const reservations = (change: string): Corruption => set('inventory', 'inventory_reservations', change)
/** Excludes the balance per SKU from tests of single orders. */
export const ignoreStock: Corruption = (system) => system.sql('inventory', 'TRUNCATE stock')
export const untracked = reservations(
  `items = (SELECT jsonb_agg(i || '{"tracked": false}') FROM jsonb_array_elements(items) i)`,
)

/** Corrupts one of two orders in each way; the audit must report only that violation. */
export function findsEach(cases: readonly Case[], system: () => AuditedSystem): void {
  for (const { plan, how, corrupt, found } of cases) {
    it(`finds an order that ${how}`, async () => {
      await writeScenario(system(), 'declined')
      const scenario = await writeScenario(system(), plan)
      assert.deepEqual(violationsIn(await system().audit()), {}, 'before the corruption')
      await corrupt(system(), scenario)
      const report = await system().audit()
      assert.deepEqual(violationsIn(report), { [found]: [scenario.orderId] })
      assert.equal(report.clean, false)
    })
  }
}
