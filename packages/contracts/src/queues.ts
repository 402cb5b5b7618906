import { consumedBy, secondaryQueuesOf, services } from './catalogue.ts'
import type { ServiceName } from './event-type.ts'
import type { ServiceQueue } from './topology/topology.ts'

/** Queue names: free to choose, the same for every service. */
export type QueueNames = Readonly<Record<`${ServiceName}Queue`, string>>

/** Each service's queue with all it is bound to. */
export function serviceQueues(names: QueueNames): (ServiceQueue & { readonly secondaryQueues: readonly string[] })[] {
  return services.map((service) => ({
    service,
    queue: names[`${service}Queue`],
    events: consumedBy(service),
    secondaryQueues: secondaryQueuesOf[service],
  }))
}
