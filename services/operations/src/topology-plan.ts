import type { CommonConfig } from '@order-saga/chassis'
import { type QueueNames, serviceQueues, type TopologyPlan } from '@order-saga/contracts'

/** The topology of the settings that all programs share. */
export const topologyPlan = (config: QueueNames & Pick<CommonConfig, 'exchange' | 'retryDelaysMs'>): TopologyPlan => ({
  exchange: config.exchange,
  queues: serviceQueues(config),
  retryDelaysMs: config.retryDelaysMs,
})
