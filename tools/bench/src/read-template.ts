import { type Databases, type Store, stores } from '@order-saga/tests/support/databases'
import { idNames, messagingTables, type RowTemplate, type SagaIds, stateTables, templateOf } from './saga-template.ts'

/** Templates of all rows of one saga: permanent rows, and rows with a retention time. */
export type SagaTemplate = Readonly<Record<Store, Readonly<Record<'state' | 'messaging', readonly RowTemplate[]>>>>

interface Model {
  readonly ids: SagaIds
  /** An instant between its completion and its deadline. */
  readonly midway: Date
}

const newest = `SELECT saga_id AS id, created_at + (timeout_at - created_at) / 2 AS midway FROM saga_instances
  WHERE status = 'completed' ORDER BY saga_id DESC LIMIT 1`
const eventIds = 'SELECT routing_key AS name, event_id::text AS id FROM events WHERE saga_id = $1'
const otherIds: Readonly<Record<Store, string>> = {
  order: `SELECT unnest(ARRAY['saga', 'order']) AS name, unnest(ARRAY[saga_id, order_id])::text AS id
    FROM orders WHERE saga_id = $1`,
  payment: `SELECT unnest(ARRAY['payment', 'charge']) AS name, unnest(ARRAY[payment_id::text, charge_id]) AS id
    FROM payment_transactions WHERE saga_id = $1`,
  inventory: `SELECT 'reservation' AS name, reservation_id::text AS id FROM inventory_reservations WHERE saga_id = $1`,
}

/** Reads the newest confirmed saga as a model; the system must be at rest. */
export async function readTemplate(databases: Databases): Promise<SagaTemplate> {
  const [saga] = await databases.sql<{ id: string; midway: Date }>('order', newest)
  if (saga === undefined) throw new Error('There is no confirmed saga to copy.')
  const model = { ids: await idsOf(databases, saga.id), midway: saga.midway }
  const made = stores.map(async (store) => {
    const state = await templatesOf(databases, store, stateTables[store], model)
    const messaging = await templatesOf(databases, store, messagingTables, model)
    return [store, { state, messaging }]
  })
  return Object.fromEntries(await Promise.all(made)) as SagaTemplate
}

async function idsOf(databases: Databases, sagaId: string): Promise<SagaIds> {
  const ids: Partial<Record<string, string>> = {}
  for (const store of stores) {
    for (const text of [eventIds, otherIds[store]]) {
      for (const { name, id } of await databases.sql<{ name: string; id: string }>(store, text, [sagaId]))
        ids[name] = id
    }
  }
  const missing = idNames.filter((name) => !ids[name])
  if (missing.length > 0) throw new Error(`Saga ${sagaId} cannot be copied: it has no ${missing.join(', ')}.`)
  return ids as SagaIds
}

async function templatesOf(
  databases: Databases,
  store: Store,
  tables: readonly string[],
  { ids, midway }: Model,
): Promise<RowTemplate[]> {
  const templates: RowTemplate[] = []
  for (const table of tables) {
    const key = table === 'processed_events' ? 'event_id' : 'saga_id'
    const text = `SELECT to_jsonb(t)::text AS row FROM ${table} t WHERE ${key} = ANY($1::uuid[])`
    const rows = await databases.sql<{ row: string }>(store, text, [idNames.map((name) => ids[name]).filter(isUuid)])
    templates.push(...rows.map(({ row }) => ({ table, text: templateOf(row, ids, midway) })))
  }
  return templates
}

const isUuid = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
