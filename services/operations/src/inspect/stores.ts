import { type DatabaseAddress, DependencyUnavailable, messageOf } from '@order-saga/chassis'
import { catalogue, type EventType, publishedBy, type ServiceName } from '@order-saga/contracts'

export type StoreName = Exclude<ServiceName, 'notification'>
export const storeNames = ['order', 'payment', 'inventory'] as const satisfies readonly StoreName[]

export interface DatabaseUrl {
  /** `postgres://user:password@host:port/name`; the reader role is sufficient. */
  readonly url: string
  /** File with the certificate authority; with it the connection is encrypted and the server's name verified. */
  readonly caFile?: string | undefined
}

export type Login = Pick<DatabaseAddress, 'user' | 'password'>

export type DatabaseSource = DatabaseUrl | DatabaseAddress

/** The modes of `sslmode` in which a client connects to a server without TLS. */
const optionalTls = [null, 'disable', 'allow', 'prefer']

/**
 * The address that a source's URL holds. Its parameters are for other clients, except that TLS is never dropped.
 * @throws Error when the URL requires TLS and no authority is given
 */
export function addressOf(source: DatabaseSource): DatabaseAddress {
  if (!('url' in source)) return source
  const { url, caFile } = source
  const { hostname, port, pathname, username, password, searchParams } = new URL(url)
  const authority = caFile || (searchParams.get('sslrootcert') ?? '')
  if (authority === '' && !optionalTls.includes(searchParams.get('sslmode'))) {
    throw new Error('its URL requires TLS, but no certificate authority is given in the setting of its CA file')
  }
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 5432 : Number(port),
    name: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    caFile: authority,
  }
}

const consumers = new Map<string, readonly StoreName[]>(
  catalogue.map((event: EventType) => [event.name, storeNames.filter((store) => event.consumedBy.includes(store))]),
)

/** The services with a database that consume the event; none for an unknown event. */
export function consumersOf(event: string): readonly StoreName[] {
  return consumers.get(event) ?? []
}

export function publishersFor(consumer: StoreName): readonly StoreName[] {
  return storeNames.filter((store) => publishedBy(store).some((event) => event.consumedBy.includes(consumer)))
}

/** A database or the broker is unavailable or refuses a request; the message names it. */
export class SourceUnavailable extends DependencyUnavailable {
  readonly source: StoreName | 'broker'

  constructor(source: StoreName | 'broker', cause: unknown) {
    super(source === 'broker' ? source : `${source} database`, cause)
    this.source = source
    this.message = `the ${this.dependency}: ${messageOf(cause)}`
  }
}

/** The request cannot be done in the current state; the message is one sentence for the operator. */
export class NotDone extends Error {
  override readonly name = 'NotDone'
}
