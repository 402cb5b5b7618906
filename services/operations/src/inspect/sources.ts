import type { QueueNames } from '@order-saga/contracts'
import type { ChannelModel } from 'amqplib'
import type { StoreReader } from './store.ts'
import type { StoreName } from './stores.ts'

/** Where the facts are read from. */
export interface InspectSources {
  readonly databases: Readonly<Record<StoreName, StoreReader>>
  /** @throws DependencyUnavailable */
  readonly broker: () => Promise<ChannelModel>
  readonly queues: QueueNames
  readonly now: () => Date
}
