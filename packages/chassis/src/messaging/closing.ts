import type { Duplex } from 'node:stream'
import type { Channel, ChannelModel } from 'amqplib'

/** How long a broker that does not answer is waited for when something is closed. */
const limitMs = 2_000

/**
 * Closes a channel or a connection. Resolves when it is closed, at the latest after 2 s; never rejects. The promise of
 * amqplib's own `close` never settles when the connection dies before the broker has answered.
 */
export async function close(target: Channel | ChannelModel): Promise<void> {
  await within(
    new Promise<void>((resolve) => {
      target.once('close', () => resolve())
      target.close().catch(() => resolve())
    }),
  )
}

/** Closes a connection, and ends its socket if the broker does not answer. */
export async function closeConnection(model: ChannelModel): Promise<void> {
  await close(model)
  const { stream } = model.connection as unknown as { stream: Duplex }
  // With an error, or amqplib would not take notice. On a stream that has ended it does nothing.
  stream.destroy(new Error('the broker did not answer to the close'))
}

/** Resolves with the promise, but no later than after 2 s. */
export async function within(promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)))
  await Promise.race([promise, limit]).finally(() => clearTimeout(timer))
}
