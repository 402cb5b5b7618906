import type { Definitions } from '@order-saga/contracts'
import { connect } from 'amqplib'

export interface RabbitMqOptions {
  /** Aborting it during the start makes the start reject, with nothing left behind. */
  signal?: AbortSignal | undefined
  /** Receives a line about long steps: an installation, an image's download. */
  log?: ((line: string) => void) | undefined
  /** Serves the management API, where the node's program has it. */
  management?: boolean | undefined
  /** Loaded at the start, with the limit of the message size; without them the node has the user guest and no topology. */
  definitions?: Definitions | undefined
}

/** A RabbitMQ node of one's own. It ends with the process that started it, however that one ends. */
export interface RabbitMqServer {
  /** An administrator's URL. */
  readonly url: string
  readonly port: number
  /** Address of the management API, if it is served. */
  readonly managementUrl?: string | undefined
  /** Where it keeps what it keeps on this machine; its log is in `log`, unless a container has it. */
  readonly folder: string
  /** The Erlang machine's process id; undefined while it does not run. */
  readonly pid: number | undefined
  /** Resolves, never rejects, with how the node started last ended. */
  readonly exited: Promise<string>
  /** Runs rabbitmqctl against this node and resolves with what it printed; rejects with what it complained of. */
  ctl(...args: string[]): Promise<string>
  /**
   * Crashes the node: SIGKILL, a second after the call, so that queues declared just before are safe on disk. Data that is
   * durable is back after `restart()`.
   */
  kill(): Promise<void>
  /** Freezes the node: connections stay open and nothing answers, until `resume()`. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Starts the node again, stopped, crashed or running, on the same port with the same data. */
  restart(signal?: AbortSignal): Promise<void>
  /** Stops the node and removes all it made. May be called in any state, and again. */
  stop(): Promise<void>
}

/**
 * RabbitMQ writes the registration of a new quorum queue to disk up to a second later. A node that crashes before that
 * comes back with a queue it cannot revive, which is no crash the rest of the system is meant to survive: this long
 * after its declaration a queue is safe.
 */
export const registrationMs = 1200

/** True when a broker at that URL accepts a connection of that user. */
export async function acceptsConnections(url: string): Promise<boolean> {
  const { protocol, hostname, port, username, password, pathname } = new URL(url)
  // Not the text: amqplib decodes its credentials as Latin-1.
  const credentials =
    username + password === '' ? {} : { username: decodeURIComponent(username), password: decodeURIComponent(password) }
  const connection = await connect(
    {
      protocol: protocol.slice(0, -1),
      hostname: hostname.replace(/^\[|\]$/g, ''),
      ...(port === '' ? {} : { port: Number(port) }),
      ...credentials,
      vhost: pathname.slice(1),
    },
    { timeout: 5000 },
  )
  // A broker that goes away again breaks the connection at a moment nobody awaits it.
  connection.on('error', () => undefined)
  await connection.close()
  return true
}
