import type { Duplex, Writable } from 'node:stream'
import { type ChannelModel, connect as connectByAmqp } from 'amqplib'
import { brokerAddressOf } from './broker-address.ts'

/** Bytes per system call: more than 100 messages, where Node's default of 16 KiB is about 20. */
const sendBufferBytes = 256 * 1024

/** A silent peer is detected within two to three heartbeats (RabbitMQ, "Detecting Dead TCP Connections"). */
const heartbeatSeconds = 10

export interface ConnectOptions {
  /** Shown in the broker's list of connections. */
  readonly name: string
  /** For the connection to be open. */
  readonly timeoutMs: number
}

/**
 * Connects to the broker of `RABBITMQ_URL`, with a heartbeat unless the URL has one. The frames of one turn of the event
 * loop are sent in one system call. The URL is parsed here, because amqplib decodes credentials as Latin-1.
 * @throws Error that names the invalid part of the URL and never contains the URL
 */
export async function connect(url: string, { name, timeoutMs }: ConnectOptions): Promise<ChannelModel> {
  const address = { heartbeat: heartbeatSeconds, ...brokerAddressOf(url) }
  const options = {
    clientProperties: { connection_name: name },
    noDelay: true,
    keepAlive: true,
    timeout: timeoutMs,
    // An option of the socket, missing in the types of amqplib.
    writableHighWaterMark: sendBufferBytes,
  }
  const model = await connectByAmqp(address, options)
  corkPerTurn(socketOf(model))
  acceptAllProperties(model)
  return model
}

/** The parts of amqplib's connection on which this file relies. */
interface PrivateConnection {
  readonly stream: Duplex
  /** Bytes that begin with the next frame. */
  rest: Buffer
  recvFrame(): unknown
}

const partsOf = (model: ChannelModel): PrivateConnection => model.connection as unknown as PrivateConnection

/** The socket of a connection, which amqplib does not expose. */
export function socketOf(model: ChannelModel): Duplex {
  return partsOf(model).stream
}

/** AMQP 0-9-1, section 4.2.3: type, channel (2), size (4), payload, end (1); a header's payload: class (2), weight (2), body size (8). */
const frameFormat = { headerType: 2, channelAt: 1, sizeAt: 3, classAt: 7, bodySizeAt: 11, overhead: 8 } as const

/**
 * Delivers a message whose properties amqplib cannot decode, such as tables nested in thousands of levels, as a message
 * without properties. amqplib would close the connection, and the broker would deliver the message again to the next one.
 */
function acceptAllProperties(model: ChannelModel): void {
  const connection = partsOf(model)
  const receive = connection.recvFrame.bind(connection)
  connection.recvFrame = () => {
    const frame = connection.rest
    try {
      return receive()
    } catch (error) {
      if (!isDecodedHeader(frame, connection.rest)) throw error
      return {
        id: frame.readUInt16BE(frameFormat.classAt),
        channel: frame.readUInt16BE(frameFormat.channelAt),
        size: Number(frame.readBigUInt64BE(frameFormat.bodySizeAt)),
        fields: { headers: {} },
      }
    }
  }
}

/** Whether the frame was a complete header, and `rest` begins after it: amqplib sets `rest` before it decodes a frame. */
function isDecodedHeader(frame: Buffer, rest: Buffer): boolean {
  const { headerType, sizeAt, overhead } = frameFormat
  if (frame.length < overhead || frame[0] !== headerType) return false
  return frame.length - rest.length === frame.readUInt32BE(sizeAt) + overhead
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
