import { ConfigurationError, messageOf } from '@order-saga/chassis'
import type { Binding, ExchangeDeclaration, QueueDeclaration } from '@order-saga/contracts'
import { SourceUnavailable } from '../stores.ts'
import type { BrokerDefinitions } from './check-topology.ts'

const requestMs = 3_000

const refusals = [401, 403]

/** The user may not read the management API; the message says which tag it needs. */
export class ManagementRefused extends Error {
  override readonly name = 'ManagementRefused'

  constructor(user: string, status: number) {
    super(
      `the management API refuses the user ${user} with status ${status}: it needs the password and the tag management`,
    )
  }
}

/** The definitions that AMQP does not show, read from the management API of the broker (tag `management` or above). */
export class ManagementApi {
  readonly #base: URL
  readonly #user: string
  readonly #authorization: string
  readonly #vhost: string

  /**
   * @param amqpUrl whose user, password and virtual host are used where `url` has none
   * @throws ConfigurationError
   */
  constructor(url: string, amqpUrl: string) {
    if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
      throw new ConfigurationError('RABBITMQ_MANAGEMENT_URL must be an http or https URL.')
    }
    const [own, amqp] = [new URL(url), new URL(amqpUrl)]
    const { username, password } = own.username === '' ? amqp : own
    this.#user = decodeURIComponent(username)
    const login = `${this.#user}:${decodeURIComponent(password)}`
    this.#authorization = `Basic ${Buffer.from(login).toString('base64')}`
    this.#vhost = amqp.pathname.length > 1 ? amqp.pathname.slice(1) : '%2F'
    own.username = ''
    own.password = ''
    if (!own.pathname.endsWith('/')) own.pathname += '/'
    this.#base = own
  }

  /** The exchanges, queues and bindings of the virtual host. @throws SourceUnavailable, ManagementRefused */
  async definitions(): Promise<BrokerDefinitions> {
    const [exchanges, queues, bindings] = await Promise.all([
      this.#get<ExchangeDeclaration>(`api/exchanges/${this.#vhost}?columns=name,type`),
      this.#get<QueueDeclaration>(`api/queues/${this.#vhost}?columns=name,arguments`),
      this.bindings(),
    ])
    return { exchanges, queues, bindings }
  }

  /** All bindings of the virtual host from an exchange to a queue. @throws SourceUnavailable, ManagementRefused */
  async bindings(): Promise<Binding[]> {
    const rows = await this.#get<{
      source: string
      destination: string
      destination_type: string
      routing_key: string
    }>(`api/bindings/${this.#vhost}`)
    return rows
      .filter(({ source, destination_type: type }) => source !== '' && type === 'queue')
      .map(({ source, destination, routing_key: routingKey }) => ({ exchange: source, queue: destination, routingKey }))
  }

  async #get<T>(path: string): Promise<T[]> {
    const url = new URL(path, this.#base)
    try {
      const response = await fetch(url, {
        headers: { authorization: this.#authorization },
        signal: AbortSignal.timeout(requestMs),
      })
      if (refusals.includes(response.status)) throw new ManagementRefused(this.#user, response.status)
      if (!response.ok) throw new Error(`the management API answered ${response.status} to ${url.pathname}`)
      const rows: unknown = await response.json()
      if (!Array.isArray(rows)) throw new Error('the management API did not answer a list')
      return rows as T[]
    } catch (error) {
      if (error instanceof ManagementRefused) throw error
      throw new SourceUnavailable('broker', new Error(`${url.origin}: ${messageOf(error)}`, { cause: error }))
    }
  }
}

/** The bindings of the exchange as `queue routing-key`; undefined if they cannot be read: they are a detail of an answer. */
export async function bindingSet(
  api: ManagementApi | undefined,
  exchange: string,
): Promise<ReadonlySet<string> | undefined> {
  const bindings = await api?.bindings().catch(() => undefined)
  return (
    bindings &&
    new Set(
      bindings.filter((each) => each.exchange === exchange).map(({ queue, routingKey }) => `${queue} ${routingKey}`),
    )
  )
}
