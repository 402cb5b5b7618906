import { services } from '../catalogue.ts'
import {
  everything,
  noTopics,
  nothing,
  operationsPermission,
  type Permission,
  permissionOf,
  topicPermissionOf,
} from './permissions.ts'
import { topologyOf, type TopologyPlan } from './topology.ts'

/** The users of the system's own processes. */
export const processUsers = [...services, 'operations'] as const
export type ProcessUser = (typeof processUsers)[number]
export type BrokerUser = ProcessUser | 'monitoring'

interface DefinitionsOptions {
  readonly plan: TopologyPlan
  readonly vhost: string
  readonly admin: { readonly name: string; readonly password: string }
  /** Users without a password are left out. */
  readonly passwords: Readonly<Partial<Record<BrokerUser, string>>>
  /** See `permissionOf`. */
  readonly lookingNeedsConfigure?: boolean
}

interface InVhost {
  readonly vhost: string
}

/** The part of RabbitMQ's definitions file that the system uses (RabbitMQ, "Definitions Export and Import"). */
export interface Definitions {
  readonly users: readonly { readonly name: string; readonly password: string; readonly tags: readonly string[] }[]
  readonly vhosts: readonly { readonly name: string; readonly default_queue_type: string }[]
  readonly permissions: readonly (InVhost & Permission & { readonly user: string })[]
  readonly topic_permissions: readonly (InVhost &
    Pick<Permission, 'write' | 'read'> & { readonly user: string; readonly exchange: string })[]
  readonly exchanges: readonly (InVhost & {
    readonly name: string
    readonly type: string
    readonly durable: true
    readonly auto_delete: false
    readonly internal: false
    readonly arguments: object
  })[]
  readonly queues: readonly (InVhost & {
    readonly name: string
    readonly durable: true
    readonly auto_delete: false
    readonly arguments: Readonly<Record<string, string | number>>
  })[]
  readonly bindings: readonly (InVhost & {
    readonly source: string
    readonly destination: string
    readonly destination_type: 'queue'
    readonly routing_key: string
    readonly arguments: object
  })[]
  readonly policies: readonly []
}

/**
 * `management` is the least that reads exchanges, queues and bindings over the management API, which AMQP does not show: of
 * the user's virtual host, and messages only as far as its permissions on AMQP (RabbitMQ, "Management Plugin", permissions).
 */
function tagsOf(user: BrokerUser): readonly string[] {
  return user === 'monitoring' ? ['monitoring'] : user === 'operations' ? ['management'] : []
}

/** The broker's definitions: the topology, and one user per service with the least permissions. */
export function definitionsOf(options: DefinitionsOptions): Definitions {
  const { plan, vhost, admin, passwords, lookingNeedsConfigure = false } = options
  const topology = topologyOf(plan)
  const known = <T extends { readonly user: BrokerUser }>(all: readonly T[]): T[] =>
    all.filter(({ user }) => passwords[user] !== undefined)
  const ofServices = plan.queues.map((own) => ({
    user: own.service,
    ...permissionOf(plan, own, lookingNeedsConfigure),
  }))
  const others = [
    { user: 'monitoring' as const, configure: nothing, write: nothing, read: nothing },
    { user: 'operations' as const, ...operationsPermission(plan, lookingNeedsConfigure) },
  ]
  const permissions = known([...others, ...ofServices])
  const topics = known([
    { user: 'operations' as const, ...noTopics },
    ...plan.queues.map(({ service }) => ({ user: service, ...topicPermissionOf(service) })),
  ])
  return {
    users: [
      { ...admin, tags: ['administrator'] },
      ...permissions.map(({ user }) => ({
        name: user,
        password: passwords[user] ?? '',
        tags: tagsOf(user),
      })),
    ],
    vhosts: [{ name: vhost, default_queue_type: 'quorum' }],
    permissions: [
      { user: admin.name, vhost, configure: everything, write: everything, read: everything },
      ...permissions.map(({ user, ...more }) => ({ user, vhost, ...more })),
    ],
    topic_permissions: topics.map(({ user, ...more }) => ({ user, vhost, exchange: plan.exchange, ...more })),
    exchanges: topology.exchanges.map((exchange) => ({
      ...exchange,
      vhost,
      durable: true,
      auto_delete: false,
      internal: false,
      arguments: {},
    })),
    queues: topology.queues.map((queue) => ({ ...queue, vhost, durable: true, auto_delete: false })),
    bindings: topology.bindings.map(({ exchange, queue, routingKey }) => ({
      source: exchange,
      vhost,
      destination: queue,
      destination_type: 'queue',
      routing_key: routingKey,
      arguments: {},
    })),
    policies: [],
  }
}
