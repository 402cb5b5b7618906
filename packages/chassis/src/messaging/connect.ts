import type { Duplex, Writable } from 'node:stream'
import { type ChannelModel, connect as connectByAmqp } from 'amqplib'

/** Bytes per system call: more than 100 messages, where Node's default of 16 KiB is about 20. */
const sendBufferBytes = 256 * 1024

/** A silent peer is detected within two to three heartbeats (RabbitMQ, "Detecting Dead TCP Connections"). */
const heartbeatSeconds = 10

/** Adds a heartbeat to the broker's URL unless it has one: amqplib reads it from the URL only. */
export function withHeartbeat(url: string, seconds = heartbeatSeconds): string {
  const parsed = new URL(url)
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(seconds))
  return parsed.toString()
}

/** Connects by amqplib; the frames of one turn of the event loop are sent in one system call. */
export async function connect(url: string, options: object): Promise<ChannelModel> {
  // An option of the socket, missing in the types of amqplib.
  const model = await connectByAmqp(url, { ...options, writableHighWaterMark: sendBufferBytes } as object)
  corkPerTurn(socketOf(model))
  return model
}

/** The socket of a connection, which amqplib does not expose. */
export function socketOf(model: ChannelModel): Duplex {
  return (model.connection as unknown as { readonly stream: Duplex }).stream
}

/**
 * Corks the stream at the first write of a turn of the event loop and uncorks it at the end of that turn. amqplib writes
 * every message separately; these system calls took 10 % of a service's CPU time (docs/decisions/0016).
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
