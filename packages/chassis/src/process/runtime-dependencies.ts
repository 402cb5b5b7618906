import type { ChannelModel } from 'amqplib'
import { v7 as uuidv7 } from 'uuid'
import { connect, type ConnectOptions } from '../messaging/connect.ts'
import type { Database } from '../persistence/database.ts'
import { Pool, type PoolConfig } from '../persistence/pg.ts'
import { createLog, type Log } from '../core/log.ts'
import { type ChassisMetrics, createMetrics } from '../core/metrics.ts'

/** Clock, ids, log, metrics, broker and database of a process; the simulation replaces all of them. */
export interface RuntimeDependencies {
  /** The clock of the process's database unless given. */
  readonly now?: () => Date
  /** UUIDv7. */
  readonly newId: () => string
  readonly createLog: (service: string, level: string) => Log
  readonly createMetrics: () => ChassisMetrics
  readonly connectBroker: (url: string, options: ConnectOptions) => Promise<ChannelModel>
  readonly createPool: (config: PoolConfig) => Pool
  /** @throws DependencyUnavailable as `Database.verifySessions` */
  readonly verifySessions: (database: Database) => Promise<void>
}

export const systemDependencies: RuntimeDependencies = {
  newId: uuidv7,
  createLog,
  createMetrics,
  connectBroker: connect,
  createPool: (config) => new Pool(config),
  verifySessions: (database) => database.verifySessions(),
}
