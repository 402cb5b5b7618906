import type { Channel } from 'amqplib'

/** Bits of the properties in the order in which they are sent (AMQP 0-9-1, `basic` class). */
const bits = {
  contentType: 0x80_00,
  contentEncoding: 0x40_00,
  headers: 0x20_00,
  deliveryMode: 0x10_00,
  priority: 0x08_00,
  correlationId: 0x04_00,
  replyTo: 0x02_00,
  expiration: 0x01_00,
  messageId: 0x00_80,
  timestamp: 0x00_40,
  type: 0x00_20,
  userId: 0x00_10,
  appId: 0x00_08,
} as const

/** Encoded values of properties; amqplib cannot send all that other clients can. */
export type RawProperties = Partial<Record<keyof typeof bits, Buffer>>

const frameBytes = 120_000

export const short = (text: string | Buffer): Buffer => {
  const bytes = Buffer.from(text as string)
  return Buffer.concat([Buffer.of(bytes.byteLength), bytes])
}

export const long = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.byteLength)
  return Buffer.concat([length, bytes])
}

export const uint64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

/** One field of a table: its name, and its value with its type's tag. */
export const field = (name: string, tag: string, value: Buffer): Buffer =>
  Buffer.concat([short(name), Buffer.from(tag), value])

export const table = (...fields: readonly Buffer[]): Buffer => long(Buffer.concat(fields))

/** A field with a text. */
export const text = (name: string, value: string | Buffer): Buffer =>
  field(name, 'S', long(Buffer.from(value as string)))

/** A table or an array in many levels; each level adds its own. */
export function nested(tag: 'F' | 'A', levels: number): Buffer {
  const open = tag === 'F' ? Buffer.from('\u0001kF') : Buffer.from('A')
  const bytes = Buffer.alloc(levels * (open.byteLength + 4) + 4)
  let at = bytes.byteLength - 4
  for (let level = 0; level < levels; level += 1) {
    at -= open.byteLength + 4
    open.copy(bytes, at + 4)
    bytes.writeUInt32BE(bytes.byteLength - at - 4, at)
  }
  return bytes
}

/** Publishes to a queue; not for a confirm channel. */
export function publishRaw(channel: Channel, queue: string, properties: RawProperties, content: Buffer): void {
  const { ch, connection } = channel as unknown as { ch: number; connection: { sendBytes(bytes: Buffer): void } }
  const names = (Object.keys(bits) as (keyof typeof bits)[]).filter((name) => properties[name] !== undefined)
  const flags = Buffer.alloc(2)
  flags.writeUInt16BE(names.reduce((sum, name) => sum | bits[name], 0))
  const values = names.map((name) => properties[name] ?? Buffer.alloc(0))
  const method = Buffer.concat([Buffer.of(0, 60, 0, 40, 0, 0), short(''), short(queue), Buffer.of(0)])
  const header = Buffer.concat([Buffer.of(0, 60, 0, 0), uint64(BigInt(content.byteLength)), flags, ...values])
  const frames = [frame(1, ch, method), frame(2, ch, header)]
  for (let at = 0; at < content.byteLength; at += frameBytes) {
    frames.push(frame(3, ch, content.subarray(at, at + frameBytes)))
  }
  connection.sendBytes(Buffer.concat(frames))
}

function frame(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(3)
  head.writeUInt8(type)
  head.writeUInt16BE(channel, 1)
  return Buffer.concat([head, long(payload), Buffer.of(0xce)])
}
