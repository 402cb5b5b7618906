import { connectBroker, createLog, Publisher } from '@order-saga/chassis'
import type { ChannelModel } from 'amqplib'
import { SourceUnavailable } from '../inspect/stores.ts'

const connectMs = 5_000

/** Standard output belongs to the result, and the command prints the errors that are thrown. */
export const quietLog = createLog('saga', 'error')

/** The connection of one command. It is not restored when lost: the operator repeats the command. */
export class OperatorBroker {
  readonly model: ChannelModel
  readonly publisher: Publisher
  #blocked = false
  #closed = false

  private constructor(model: ChannelModel, opened: Promise<void>[]) {
    this.model = model
    model.on('error', () => undefined).on('close', () => (this.#closed = true))
    model.on('blocked', () => (this.#blocked = true)).on('unblocked', () => (this.#blocked = false))
    const isBlocked = (): boolean => this.#blocked
    this.publisher = new Publisher(
      {
        get isBlocked() {
          return isBlocked()
        },
        onConnect: (open) => void opened.push(open(model)),
        reopen: () => Promise.resolve(),
      },
      quietLog,
    )
  }

  /** @throws SourceUnavailable */
  static async connect(url: string): Promise<OperatorBroker> {
    try {
      const opened: Promise<void>[] = []
      const model = await connectBroker(url, { name: 'order-saga saga', timeoutMs: connectMs })
      const broker = new OperatorBroker(model, opened)
      await Promise.all(opened)
      return broker
    } catch (error) {
      throw new SourceUnavailable('broker', error)
    }
  }

  async close(): Promise<void> {
    if (!this.#closed) await this.model.close().catch(() => undefined)
  }
}
