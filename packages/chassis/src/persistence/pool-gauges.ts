import { Gauge } from 'prom-client'
import type { ChassisMetrics } from '../core/metrics.ts'
import type { Database } from './database.ts'

/** Exports how busy the pool is, as it is at the moment of a scrape: this costs no query. */
export function exportPool({ registry }: ChassisMetrics, database: Database): void {
  const registers = [registry]
  const connections = new Gauge({
    name: 'db_pool_connections',
    help: "Connections of this process's database pool, by state: used, idle; sum over pods.",
    labelNames: ['state'],
    registers,
    collect: () => {
      const { total, idle } = database.poolState
      connections.set({ state: 'used' }, total - idle)
      connections.set({ state: 'idle' }, idle)
    },
  })
  const waiting: Gauge = new Gauge({
    name: 'db_pool_waiting_requests',
    help: 'Requests that wait for a database connection; sum over pods.',
    registers,
    collect: () => {
      waiting.set(database.poolState.waiting)
    },
  })
}
