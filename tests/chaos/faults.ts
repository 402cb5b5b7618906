import { type ServiceName, services } from '@order-saga/contracts'

/** Connections by client and server; each passes through a fault proxy. */
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
 * One kind of fault and its targets. Two faults on the same resource never overlap: a stopped process cannot be paused.
 * Faults on different resources do.
 */
export interface FaultKind {
  readonly name: string
  readonly targets: readonly string[]
  readonly resource: (target: string) => string
  /** Duration; 0 for a fault without one, such as a connection reset. */
  readonly minMs: number
  readonly maxMs: number
  /** Relative frequency. */
  readonly weight: number
}

const service = (target: string): string => `service ${target}`
const broker = (): string => 'broker'
const database = (): string => 'database'
const link = (target: string): string => `link ${target}`
const messages = (): string => 'messages'

/** Also delays requests to the provider, so that it is a part of `PAYMENT_SETTLE_MS` (docs/payment-provider.md). */
export const maxSilenceMs = 6_000

export const faultKinds = [
  { name: 'kill', targets: services, resource: service, minMs: 200, maxMs: 6_000, weight: 5 },
  { name: 'restart', targets: services, resource: service, minMs: 0, maxMs: 2_000, weight: 2 },
  { name: 'pause', targets: services, resource: service, minMs: 500, maxMs: 8_000, weight: 3 },
  { name: 'kill', targets: ['broker'], resource: broker, minMs: 500, maxMs: 4_000, weight: 1 },
  { name: 'restart', targets: ['broker'], resource: broker, minMs: 0, maxMs: 0, weight: 1 },
  { name: 'pause', targets: ['broker'], resource: broker, minMs: 500, maxMs: 8_000, weight: 1 },
  { name: 'memory alarm', targets: ['broker'], resource: broker, minMs: 2_000, maxMs: 8_000, weight: 1 },
  { name: 'disk alarm', targets: ['broker'], resource: broker, minMs: 2_000, maxMs: 8_000, weight: 1 },
  { name: 'kill', targets: ['database'], resource: database, minMs: 200, maxMs: 4_000, weight: 2 },
  { name: 'restart', targets: ['database'], resource: database, minMs: 0, maxMs: 0, weight: 1 },
  { name: 'pause', targets: ['database'], resource: database, minMs: 500, maxMs: 6_000, weight: 1 },
  { name: 'reset', targets: links, resource: link, minMs: 0, maxMs: 0, weight: 4 },
  { name: 'silence', targets: links, resource: link, minMs: 500, maxMs: maxSilenceMs, weight: 4 },
  { name: 'slow', targets: links, resource: link, minMs: 1_000, maxMs: 8_000, weight: 3 },
  { name: 'refuse', targets: links, resource: link, minMs: 500, maxMs: 5_000, weight: 2 },
  { name: 'duplicates', targets: ['events'], resource: messages, minMs: 0, maxMs: 0, weight: 3 },
  { name: 'malformed', targets: ['messages'], resource: messages, minMs: 0, maxMs: 0, weight: 2 },
  {
    name: 'errors',
    targets: ['provider'],
    resource: () => 'provider',
    minMs: 1_000,
    maxMs: 8_000,
    weight: 2,
  },
  { name: 'errors', targets: ['mail'], resource: () => 'mail', minMs: 500, maxMs: 5_000, weight: 2 },
] as const satisfies readonly FaultKind[]

export type FaultName = (typeof faultKinds)[number]['name']

/** One fault of a schedule. */
export interface Fault {
  /** Since the start of the faults. */
  readonly atMs: number
  readonly name: FaultName
  readonly target: string
  readonly resource: string
  readonly durationMs: number
  /** In [0, 1): seeded randomness for further choices. */
  readonly chance: number
}

export const isService = (target: string): target is ServiceName => (services as readonly string[]).includes(target)

export const isLink = (target: string): target is LinkName => (links as readonly string[]).includes(target)
