import { publishedBy } from '../catalogue.ts'
import type { ServiceName } from '../event-type.ts'
import { deadLetterQueue, ownExchange, retryQueue } from './names.ts'
import { type ServiceQueue, topologyOf, type TopologyPlan, workQueuesOf } from './topology.ts'

/** Regular expressions on the names of exchanges and queues (RabbitMQ, "Access Control"). */
export interface Permission {
  readonly configure: string
  readonly write: string
  readonly read: string
}

/** No name has this form. */
export const nothing = '^$'
export const everything = '.*'
/** No routing key has this form; the empty one has the form of `nothing`, and the header CC routes copies of such a message. */
const noRoutingKey = '(?!)'
export const noTopics = { write: noRoutingKey, read: noRoutingKey } as const

/**
 * The permissions of a service's user. It publishes to the topic exchange, within `topicPermissionOf`, and to its own direct
 * exchange, and consumes from its own queues. `write` on the names of queues permits only their passive declaration, which
 * requires any permission: publishing checks the exchange, and a binding also requires `read` on the exchange.
 * `lookingNeedsConfigure`: RabbitMQ 4.2.6 and 4.3.0 require `configure` for a passive declaration.
 */
export function permissionOf(plan: TopologyPlan, own: ServiceQueue, lookingNeedsConfigure = false): Permission {
  const { exchanges, queues } = topologyOf({ ...plan, queues: [own] })
  const visible = oneOf([...exchanges, ...queues].map(({ name }) => name))
  return { configure: lookingNeedsConfigure ? visible : nothing, write: visible, read: oneOf(workQueuesOf(own)) }
}

/** Each routing key has one publisher. */
export function topicPermissionOf(service: ServiceName): Pick<Permission, 'write' | 'read'> {
  const published = publishedBy(service)
  return { ...noTopics, ...(published.length > 0 && { write: oneOf(published.map(({ name }) => name)) }) }
}

/**
 * The permissions of the operations programs: they publish to the direct exchanges of the services (replays), consume dead
 * letters and stranded retries, and read the depth of every queue by a passive declaration. They publish no event.
 */
export function operationsPermission(plan: TopologyPlan, lookingNeedsConfigure = false): Permission {
  const { queues } = topologyOf(plan)
  const visible = oneOf([...plan.queues.map(({ queue }) => ownExchange(queue)), ...queues.map(({ name }) => name)])
  const read = plan.queues.flatMap(({ queue }) => [
    deadLetterQueue(queue),
    ...plan.retryDelaysMs.map((delayMs) => retryQueue(queue, delayMs)),
  ])
  return { configure: lookingNeedsConfigure ? visible : nothing, write: visible, read: oneOf(read) }
}

function oneOf(names: readonly string[]): string {
  return `^(${names.map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join('|')})$`
}
