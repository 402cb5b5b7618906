import { randomUUID } from 'node:crypto'
import {
  catalogue,
  consumedBy,
  deadLetterQueue,
  type EventName,
  type EventType,
  ownExchange,
  type ServiceName,
  services,
  type ServiceQueue,
  topologyOf,
  type TopologyPlan,
} from '@order-saga/contracts'

export const attackers = [...services, 'operations', 'monitoring'] as const
export type AttackingUser = (typeof attackers)[number]

/** Where one copy of a message ends. `accepted`: the consumer takes it for the event. `raw`: in a dead-letter queue, unread. */
export type Fate = 'accepted' | 'forged' | 'unknown' | 'raw'

export interface Attempt {
  readonly id: string
  readonly user: AttackingUser
  readonly exchange: string
  readonly routingKey: string
  readonly type: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly permitted: boolean
  /** By the service whose queue the copy reaches, in alphabetical order; empty when the broker refuses or returns it. */
  readonly fates: Readonly<Partial<Record<ServiceName, readonly Fate[]>>>
}

const events: readonly EventType[] = catalogue
const eventNames = events.map(({ name }) => name)
const types = [undefined, 'order.exploded', ...eventNames]
/** Exchanges of every broker. */
const standardExchanges = ['', 'amq.topic', 'amq.direct', 'amq.fanout', 'amq.headers', 'amq.match']
/** The broker sets it when it dead-letters a message; a client can send it, too. */
const sentDeath = [
  { queue: 'order_queue.retry.1000', exchange: '', reason: 'expired', 'routing-keys': ['x'], count: 1 },
]

/** The entitled publications, stated independently of the code that generates the permissions. */
function isPermitted(user: AttackingUser, exchange: string, routingKey: string, plan: TopologyPlan): boolean {
  if (user === 'monitoring') return false
  if (user === 'operations') return plan.queues.some(({ queue }) => exchange === `${queue}.direct`)
  if (exchange === plan.exchange)
    return events.some(({ name, publishedBy }) => name === routingKey && publishedBy === user)
  return plan.queues.some(({ service, queue }) => service === user && exchange === `${queue}.direct`)
}

/** Every user × exchange × routing key; the types take turns, because the broker does not read them. */
export function attemptsOnBroker(plan: TopologyPlan): Attempt[] {
  const exchanges = [...standardExchanges, plan.exchange, ...plan.queues.map(({ queue }) => ownExchange(queue))]
  const keys = [...eventNames, ...topologyOf(plan).queues.map(({ name }) => name), 'order.exploded', '#', '']
  let turn = 0
  return attackers.flatMap((user) =>
    exchanges.flatMap((exchange) =>
      keys.map((routingKey) => {
        turn += 1
        return attempt({ user, exchange, routingKey, type: types[turn % types.length], headers: {} }, plan)
      }),
    ),
  )
}

/** Every publication that reaches a queue, with every type, and with headers that route copies or claim another origin. */
export function attemptsOnConsumers(plan: TopologyPlan): Attempt[] {
  const reaching = attemptsOnBroker(plan).filter(({ fates }) => Object.keys(fates).length > 0)
  const names = topologyOf(plan).queues.map(({ name }) => name)
  return reaching.flatMap(({ user, exchange, routingKey }, turn) => {
    const isTopic = exchange === plan.exchange
    const copies = isTopic ? eventNames : names
    return types.flatMap((type, at) => {
      const other = eventNames.find((name) => name !== type && name !== routingKey)
      // Copies of a direct exchange reach only queues of the same service: one type for each queue is enough.
      const copied = isTopic || at === turn % types.length ? [{ CC: copies }, { BCC: copies }] : []
      const claimed = [{ 'first-routing-key': type ?? other }, { 'first-routing-key': other, 'x-death': sentDeath }]
      return [{}, ...copied, ...claimed].map((headers) => attempt({ user, exchange, routingKey, type, headers }, plan))
    })
  })
}

function attempt(sent: Omit<Attempt, 'id' | 'permitted' | 'fates'>, plan: TopologyPlan): Attempt {
  const permitted = isPermitted(sent.user, sent.exchange, sent.routingKey, plan)
  const { CC = [], BCC = [] } = sent.headers as { CC?: string[]; BCC?: string[] }
  const keys = new Set([sent.routingKey, ...CC, ...BCC])
  const fates = plan.queues.map((own) => {
    const all = permitted ? fatesAt(own, sent, keys, plan) : []
    return [own.service, all.toSorted()] as const
  })
  return {
    ...sent,
    id: randomUUID(),
    permitted,
    fates: Object.fromEntries(fates.filter(([, all]) => all.length > 0)),
  }
}

function fatesAt(
  own: ServiceQueue,
  { exchange, routingKey, type, headers }: Pick<Attempt, 'exchange' | 'routingKey' | 'type' | 'headers'>,
  keys: ReadonlySet<string>,
  plan: TopologyPlan,
): Fate[] {
  const consumed = consumedBy(own.service).map(({ name }) => name)
  if (exchange === plan.exchange) {
    if (!consumed.some((name) => keys.has(name))) return []
    return [(type ?? routingKey) === routingKey && consumed.includes(routingKey) ? 'accepted' : 'forged']
  }
  if (exchange !== ownExchange(own.queue)) return []
  const reached = topologyOf({ ...plan, queues: [own] }).queues.filter(({ name }) => keys.has(name))
  return reached.map(({ name }) => {
    if (name === deadLetterQueue(own.queue)) return 'raw'
    const first = headers['first-routing-key'] as string | undefined
    const claimed = type ?? first ?? 'none'
    if (first !== undefined && claimed !== first) return 'forged'
    if (consumed.includes(claimed)) return 'accepted'
    return first !== undefined && eventNames.includes(first) ? 'forged' : 'unknown'
  })
}

/** Whether every copy is refused as forged or unknown: such a message may contain anything. */
export function isHarmless({ fates }: Attempt): boolean {
  return Object.values(fates)
    .flat()
    .every((fate) => fate === 'forged' || fate === 'unknown')
}

/** The event that the message claims to be, as far as it claims one. */
export function claimedEvent({ type, routingKey, headers }: Attempt): EventName {
  const claims = [type, headers['first-routing-key'], routingKey, 'payment.completed']
  return claims.find((claim) => eventNames.includes(claim as string)) as EventName
}
