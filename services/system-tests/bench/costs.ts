import { services } from '@order-saga/contracts'
import type { Client } from 'pg'
import { stores } from '../harness/databases.ts'
import type { System } from '../harness/system.ts'
import { loopbackBytes } from './machine.ts'

/** What has been spent since the servers started. */
export interface Costs {
  readonly walBytes: number
  readonly networkBytes: number
  readonly statements: number
  readonly transactions: number
  /** Messages published to the exchange and confirmed. */
  readonly confirms: number
}

/** `superuser`: a session on the server, in which pg_stat_statements is installed. */
export async function costsOf(system: System, superuser: Client): Promise<Costs> {
  const names = stores.map((store) => system.databases.names[store])
  const { rows } = await superuser.query<Omit<Costs, 'networkBytes' | 'confirms'>>(
    `SELECT (SELECT wal_bytes FROM pg_stat_wal)::float8 AS "walBytes",
       (SELECT sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
        WHERE d.datname = ANY($1) AND query !~* '^(BEGIN|COMMIT|ROLLBACK)')::float8 AS statements,
       (SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = ANY($1))::float8 AS transactions`,
    [names],
  )
  const published = await Promise.all(
    services.map(async (service) => (await system.metrics(service)).sum('outbox_published_total')),
  )
  const row = rows[0]
  if (row === undefined) throw new Error('The server does not tell its costs.')
  return { ...row, networkBytes: await loopbackBytes(), confirms: published.reduce((sum, count) => sum + count, 0) }
}

/** What was spent between two looks, for each of `sagas`. */
export function perSaga(before: Costs, after: Costs, sagas: number): Costs {
  const each = (field: keyof Costs): number => (after[field] - before[field]) / sagas
  return {
    walBytes: each('walBytes'),
    networkBytes: each('networkBytes'),
    statements: each('statements'),
    transactions: each('transactions'),
    confirms: each('confirms'),
  }
}
