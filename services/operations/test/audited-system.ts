import { randomUUID } from 'node:crypto'
import { testServers } from '@order-saga/dev'
import { createFrom } from '@order-saga/tests/support/database-template'
import { rolesOf, roleUrl } from '@order-saga/tests/support/database-roles'
import { Client } from 'pg'
import { type AuditOptions, type AuditReport, type AuditSources, audit } from '../src/index.ts'
import { lowestIdAt } from '../src/audit/orphans.ts'
import { type DatabaseUrl, type StoreName, storeNames } from '../src/inspect/stores.ts'

/** The constraints of the tables would reject most violations. */
const withoutGuards = `DO $$ DECLARE guard record; BEGIN
  FOR guard IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
    WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', guard.place, guard.conname); END LOOP; END $$`

const tables: Record<StoreName, readonly string[]> = {
  order: ['saga_violations', 'orders', 'saga_instances', 'idempotency_keys', 'events', 'processed_events'],
  payment: ['payment_transactions', 'events', 'processed_events'],
  inventory: ['stock', 'inventory_reservations', 'events', 'processed_events'],
}

/** A UUIDv7 of that moment. */
export function idAt(at: Date): string {
  return `${lowestIdAt(at).slice(0, 14)}7${randomUUID().slice(15)}`
}

type AddressedSources = AuditSources & Readonly<Record<StoreName, DatabaseUrl>>

/** Three migrated databases of one test file, to write histories into and audit them. */
export class AuditedSystem {
  readonly sources: AddressedSources
  /** A superuser's. */
  readonly orderUrl: string
  readonly #clients: Record<StoreName, Client>

  private constructor(sources: AddressedSources, orderUrl: string, clients: Record<StoreName, Client>) {
    this.sources = sources
    this.orderUrl = orderUrl
    this.#clients = clients
  }

  static async start(): Promise<AuditedSystem> {
    const server = await testServers().postgres()
    const run = randomUUID().slice(0, 8)
    const open = async (store: StoreName): Promise<[StoreName, string, Client]> => {
      const name = `audit_${store}_${run}`
      const template = { name: `template_audited_${store}`, service: store, roles: rolesOf(store), sql: withoutGuards }
      const url = await createFrom(template, server, name)
      const client = new Client({ connectionString: url })
      await client.connect()
      await client.query('SET synchronous_commit = off')
      return [store, roleUrl(server, name, store, 'reader'), client]
    }
    const opened = await Promise.all(storeNames.map(open))
    const sources = Object.fromEntries(opened.map(([store, url]) => [store, { url }]))
    const clients = Object.fromEntries(opened.map(([store, , client]) => [store, client]))
    return new AuditedSystem(
      sources as unknown as AddressedSources,
      server.url(`audit_order_${run}`),
      clients as Record<StoreName, Client>,
    )
  }

  async sql<R extends object>(store: StoreName, text: string, values: readonly unknown[] = []): Promise<R[]> {
    return (await this.#clients[store].query<R>(text, [...values])).rows
  }

  async clear(): Promise<void> {
    await Promise.all(
      storeNames.map((store) => this.sql(store, tables[store].map((table) => `DELETE FROM ${table}`).join(';'))),
    )
  }

  async stop(): Promise<void> {
    await Promise.all(storeNames.map((store) => this.#clients[store].end()))
  }

  /** Audits without pauses between checks. */
  async audit(options: AuditOptions = {}, more: Partial<AuditSources> = {}): Promise<AuditReport> {
    return await audit({ ...this.sources, ...more }, { settleMs: 0, pause: async () => undefined, ...options })
  }
}

/** The violations of a report as `check: kind`, with their ids. */
export function violationsIn(report: AuditReport): Record<string, readonly string[]> {
  return Object.fromEntries(
    report.checks.flatMap(({ check, kinds }) => kinds.map(({ kind, ids }) => [`${check}: ${kind}`, ids])),
  )
}

export function notesIn(report: AuditReport): Record<string, readonly string[]> {
  return Object.fromEntries(report.information.map(({ topic, ids }) => [topic, ids]))
}

/** Gives the tests of a suite one system: started before the first, emptied after each, stopped after the last. */
export function useAuditedSystem(): () => AuditedSystem {
  let system: AuditedSystem | undefined
  before(async () => {
    system = await AuditedSystem.start()
  })
  after(() => system?.stop())
  afterEach(() => system?.clear())
  return () => {
    if (system === undefined) throw new Error('the system is not started yet')
    return system
  }
}
