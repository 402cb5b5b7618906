import type { Client } from 'pg'
import { type Databases, stores } from '@order-saga/tests/support/databases'
import { Metrics } from '@order-saga/tests/support/metrics'
import type { ServiceProcess } from '@order-saga/tests/support/service-process'
import { loopbackBytes } from './machine.ts'
import { readRoundTrips } from './round-trips.ts'

/** Resource consumption since the start of the servers. */
export interface Costs {
  readonly walBytes: number
  readonly networkBytes: number
  readonly statements: number
  readonly transactions: number
  /** Requests received by PostgreSQL. */
  readonly roundTrips: number
  /** Rows inserted, updated and deleted. */
  readonly rows: number
  /** Messages published to the exchange and confirmed. */
  readonly confirms: number
}

export interface CostSources {
  readonly databases: Databases
  /** All running processes. */
  readonly processes: readonly ServiceProcess[]
  /** A session on the server, with pg_stat_statements installed. */
  readonly superuser: Client
}

type SqlCosts = Omit<Costs, 'networkBytes' | 'roundTrips' | 'confirms'>

export async function readCosts({ databases, processes, superuser }: CostSources): Promise<Costs> {
  const names = stores.map((store) => databases.names[store])
  const { rows } = await superuser.query<SqlCosts>(
    `SELECT (SELECT wal_bytes FROM pg_stat_wal)::float8 AS "walBytes",
       (SELECT sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
        WHERE d.datname = ANY($1) AND query !~* '^(BEGIN|COMMIT|ROLLBACK)')::float8 AS statements,
       sum(xact_commit)::float8 AS transactions, sum(tup_inserted + tup_updated + tup_deleted)::float8 AS rows
     FROM pg_stat_database WHERE datname = ANY($1)`,
    [names],
  )
  const confirms = await readCounter(processes, 'outbox_published_total')
  const row = rows[0]
  if (row === undefined) throw new Error('pg_stat_wal returned no row.')
  return { ...row, networkBytes: await loopbackBytes(), roundTrips: await readRoundTrips(superuser.port), confirms }
}

/** The sum of a metric over processes. */
export async function readCounter(
  processes: readonly ServiceProcess[],
  metric: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const all = await Promise.all(processes.map(({ opsUrl }) => Metrics.read(opsUrl)))
  return all.reduce((sum, metrics) => sum + metrics.sum(metric, labels), 0)
}

/** The consumption between two readings, per saga. */
export function perSaga(before: Costs, after: Costs, sagas: number): Costs {
  const each = (field: keyof Costs): number => (after[field] - before[field]) / sagas
  return {
    walBytes: each('walBytes'),
    networkBytes: each('networkBytes'),
    statements: each('statements'),
    transactions: each('transactions'),
    roundTrips: each('roundTrips'),
    rows: each('rows'),
    confirms: each('confirms'),
  }
}
