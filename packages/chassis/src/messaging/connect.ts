import type { Duplex, Writable } from 'node:stream'
import { type ChannelModel, connect as connectByAmqp } from 'amqplib'

/** One system call takes up to this much: a hundred messages and more, where Node's default of 16 KiB is twenty. */
const sendBufferBytes = 256 * 1024

/** A silent peer is detected within two to three heartbeats (RabbitMQ, "Detecting Dead TCP Connections"). */
const heartbeatSeconds = 10

/** The broker's URL with a heartbeat, unless it names one: amqplib reads it from the URL only. */
export function withHeartbeat(url: string, seconds = heartbeatSeconds): string {
  const parsed = new URL(url)
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(seconds))
  return parsed.toString()
}

/** Connects by amqplib; what is published and acknowledged within one turn of the event loop is sent in one system call. */
export async function connect(url: string, options: object): Promise<ChannelModel> {
  // The option is the socket's, and not among the types of amqplib.
  const model = await connectByAmqp(url, { ...options, writableHighWaterMark: sendBufferBytes } as object)
  corkPerTurn(socketOf(model))
  return model
}

/** The socket of a connection, which amqplib does not publish. */
export function socketOf(model: ChannelModel): Duplex {
  return (model.connection as unknown as { readonly stream: Duplex }).stream
}

/**
 * Corks the stream at the first write of a turn of the event loop and uncorks it at the end of that turn. amqplib writes
 * every message by itself; these system calls were a tenth of the CPU time of a service (docs/decisions/0016).
 */
export function corkPerTurn(stream: Writable): void {
  const write = stream.write.bind(stream) as (...values: unknown[]) => boolean
  let corked = false
  const uncork = (): void => {
    corked = false
    stream.uncork()
  }
  const corkAndWrite = (...values: unknown[]): boolean => {
    if (!corked) {
      corked = true
      stream.cork()
      process.nextTick(uncork)
    }
    return write(...values)
  }
  stream.write = corkAndWrite as Writable['write']
}
