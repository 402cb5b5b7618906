import type { ChannelModel } from 'amqplib'
import { Pool, type PoolConfig } from 'pg'
import { v7 as uuidv7 } from 'uuid'
import { connect, type ConnectOptions } from '../messaging/connect.ts'
import { createLog, type Log } from '../core/log.ts'
import { type ChassisMetrics, createMetrics } from '../core/metrics.ts'

/** Clock, ids, log, metrics, broker and database of a process; the simulation replaces all of them. */
export interface RuntimeDependencies {
  readonly now: () => Date
  /** UUIDv7. */
  readonly newId: () => string
  readonly createLog: (service: string, level: string) => Log
  readonly createMetrics: () => ChassisMetrics
  readonly connectBroker: (url: string, options: ConnectOptions) => Promise<ChannelModel>
  readonly createPool: (config: PoolConfig) => Pool
}

export const systemDependencies: RuntimeDependencies = {
  now: () => new Date(),
  newId: uuidv7,
  createLog,
  createMetrics,
  connectBroker: connect,
  createPool: (config) => new Pool(config),
}
