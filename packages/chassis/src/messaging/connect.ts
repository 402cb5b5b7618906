import type { Writable } from 'node:stream'
import { type ChannelModel, connect as connectByAmqp } from 'amqplib'
import { joinWrites } from './join-writes.ts'

/** What one system call hands over at most: a hundred messages and more, where Node's own 16 KiB are twenty. */
const sendBufferBytes = 256 * 1024

/** Connects by amqplib, so that what is published and acknowledged within one turn leaves together. */
export async function connect(url: string, options: object): Promise<ChannelModel> {
  // The option is the socket's, and not among the types of amqplib.
  const model = await connectByAmqp(url, { ...options, writableHighWaterMark: sendBufferBytes } as object)
  joinWrites((model.connection as unknown as { readonly stream: Writable }).stream)
  return model
}
