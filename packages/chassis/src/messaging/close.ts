import type { Channel, ChannelModel } from 'amqplib'
import { socketOf } from './connect.ts'

/** A reachable broker responds within milliseconds; the rest of the shutdown has to fit in SHUTDOWN_TIMEOUT_MS. */
const limitMs = 2_000

/**
 * Closes a channel or a connection. Resolves when it is closed, at the latest after 2 s; never rejects. The promise of
 * amqplib's own `close` never settles when the connection is lost before the broker's response.
 */
export async function close(target: Channel | ChannelModel): Promise<void> {
  await within(
    new Promise<void>((resolve) => {
      target.once('close', () => resolve())
      target.close().catch(() => resolve())
    }),
  )
}

/** Closes a connection, and its socket if the broker does not respond. */
export async function closeConnection(model: ChannelModel): Promise<void> {
  await close(model)
  // With an error, because amqplib does not listen to `close` of its socket. A destroyed socket ignores this.
  socketOf(model).destroy(new Error('the broker did not respond to the close'))
}

/** Resolves with the promise, at the latest after 2 s. */
export async function within(promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)))
  await Promise.race([promise, limit]).finally(() => clearTimeout(timer))
}
