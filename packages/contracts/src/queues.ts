import { consumedBy, secondaryQueuesOf, services } from './catalogue.ts'
import type { EventType, ServiceName } from './event-type.ts'

/** Queue names: free to choose, the same for every service. */
export type QueueNames = Readonly<Record<`${ServiceName}Queue`, string>>

/** Each service's queue with all it is bound to. */
export function serviceQueues(
  names: QueueNames,
): { queue: string; events: readonly EventType[]; secondaryQueues: readonly string[] }[] {
  return services.map((service) => ({
    queue: names[`${service}Queue`],
    events: consumedBy(service),
    secondaryQueues: secondaryQueuesOf[service],
  }))
}
