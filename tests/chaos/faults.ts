import { type ServiceName, services } from '@order-saga/contracts'

/** What a link leads from and to; the fault proxy stands on it. */
export const links = [
  'client-order',
  'order-broker',
  'payment-broker',
  'inventory-broker',
  'notification-broker',
  'order-database',
  'payment-database',
  'inventory-database',
  'payment-provider',
  'notification-mail',
] as const
export type LinkName = (typeof links)[number]

/**
 * One kind of fault, and everything it may strike. Two faults on the same resource never overlap: a process that is
 * down cannot be frozen. Faults on different resources do.
 */
export interface FaultKind {
  readonly name: string
  readonly targets: readonly string[]
  readonly resource: (target: string) => string
  /** How long it lasts; 0 for what is over as soon as it has struck. */
  readonly shortestMs: number
  readonly longestMs: number
  /** How often it comes up, beside the others. */
  readonly weight: number
}

const service = (target: string): string => `service ${target}`
const broker = (): string => 'broker'
const database = (): string => 'database'
const link = (target: string): string => `link ${target}`
const messages = (): string => 'messages'

/**
 * The longest silence of a link. A request that a silent network holds back reaches the provider that much later, and the
 * provider promises to show it, or to have dropped it, within a time that payment is told.
 */
export const longestSilenceMs = 6_000

export const faultKinds = [
  { name: 'kill', targets: services, resource: service, shortestMs: 200, longestMs: 6_000, weight: 5 },
  { name: 'restart', targets: services, resource: service, shortestMs: 0, longestMs: 2_000, weight: 2 },
  { name: 'pause', targets: services, resource: service, shortestMs: 500, longestMs: 8_000, weight: 3 },
  { name: 'kill', targets: ['broker'], resource: broker, shortestMs: 500, longestMs: 4_000, weight: 1 },
  { name: 'restart', targets: ['broker'], resource: broker, shortestMs: 0, longestMs: 0, weight: 1 },
  { name: 'pause', targets: ['broker'], resource: broker, shortestMs: 500, longestMs: 8_000, weight: 1 },
  { name: 'memory alarm', targets: ['broker'], resource: broker, shortestMs: 2_000, longestMs: 8_000, weight: 1 },
  { name: 'disk alarm', targets: ['broker'], resource: broker, shortestMs: 2_000, longestMs: 8_000, weight: 1 },
  { name: 'kill', targets: ['database'], resource: database, shortestMs: 200, longestMs: 4_000, weight: 2 },
  { name: 'restart', targets: ['database'], resource: database, shortestMs: 0, longestMs: 0, weight: 1 },
  { name: 'pause', targets: ['database'], resource: database, shortestMs: 500, longestMs: 6_000, weight: 1 },
  { name: 'reset', targets: links, resource: link, shortestMs: 0, longestMs: 0, weight: 4 },
  { name: 'silence', targets: links, resource: link, shortestMs: 500, longestMs: longestSilenceMs, weight: 4 },
  { name: 'slow', targets: links, resource: link, shortestMs: 1_000, longestMs: 8_000, weight: 3 },
  { name: 'refuse', targets: links, resource: link, shortestMs: 500, longestMs: 5_000, weight: 2 },
  { name: 'duplicates', targets: ['events'], resource: messages, shortestMs: 0, longestMs: 0, weight: 3 },
  { name: 'malformed', targets: ['messages'], resource: messages, shortestMs: 0, longestMs: 0, weight: 2 },
  {
    name: 'trouble',
    targets: ['provider'],
    resource: () => 'provider',
    shortestMs: 1_000,
    longestMs: 8_000,
    weight: 2,
  },
  { name: 'trouble', targets: ['mail'], resource: () => 'mail', shortestMs: 500, longestMs: 5_000, weight: 2 },
] as const satisfies readonly FaultKind[]

export type FaultName = (typeof faultKinds)[number]['name']

/** One fault of a run: what strikes, when, for how long. */
export interface Fault {
  /** Since the start of the faults. */
  readonly atMs: number
  readonly name: FaultName
  readonly target: string
  readonly resource: string
  readonly forMs: number
  /** In [0, 1): what else is to be chosen about it, so that the seed decides that too. */
  readonly chance: number
}

export const isService = (target: string): target is ServiceName => (services as readonly string[]).includes(target)

export const isLink = (target: string): target is LinkName => (links as readonly string[]).includes(target)
