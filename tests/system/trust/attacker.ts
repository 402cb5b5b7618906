import { type ChannelModel, type ConfirmChannel, connect, type Options } from 'amqplib'

/** `refused`: the user has no permission. `unroutable`: permitted, but no queue is bound. */
export type BrokerAnswer = 'refused' | 'unroutable' | 'routed'

export interface Publication {
  readonly exchange: string
  readonly routingKey: string
  readonly content: string
  readonly options: Options.Publish
}

const accessRefused = 403

interface AttackChannel {
  readonly channel: ConfirmChannel
  /** Code of the error for which the broker closed the channel. */
  closedBy: number | undefined
  returned: boolean
}

/** A connection with the credential of one user; channels are reused until the broker closes them. */
export class Attacker {
  readonly #model: ChannelModel
  readonly #free: AttackChannel[] = []

  private constructor(model: ChannelModel) {
    this.#model = model
  }

  static async connect(url: string): Promise<Attacker> {
    const model = await connect(url)
    model.on('error', () => undefined)
    return new Attacker(model)
  }

  /** @throws Error when the broker refuses for another reason than permissions */
  async publish({ exchange, routingKey, content, options }: Publication): Promise<BrokerAnswer> {
    const own = this.#free.pop() ?? (await this.#open())
    const { channel } = own
    own.returned = false
    const error = await new Promise<unknown>((resolve) => {
      channel.publish(exchange, routingKey, Buffer.from(content), { ...options, mandatory: true }, resolve)
    })
    if (error === null || error === undefined) {
      this.#free.push(own)
      return own.returned ? 'unroutable' : 'routed'
    }
    if (own.closedBy !== accessRefused) throw new Error('publishing failed', { cause: error })
    return 'refused'
  }

  /** Whether the broker permits the work on a channel. @throws Error when it fails for another reason */
  async mayDo(work: (channel: ConfirmChannel) => Promise<unknown>): Promise<boolean> {
    const own = this.#free.pop() ?? (await this.#open())
    try {
      await work(own.channel)
      this.#free.push(own)
      return true
    } catch (error) {
      if ((error as { code?: unknown }).code !== accessRefused) throw error
      return false
    }
  }

  async close(): Promise<void> {
    await this.#model.close()
  }

  async #open(): Promise<AttackChannel> {
    const own: AttackChannel = {
      channel: await this.#model.createConfirmChannel(),
      closedBy: undefined,
      returned: false,
    }
    own.channel.on('error', ({ code }: { readonly code?: number }) => (own.closedBy = code))
    own.channel.on('return', () => (own.returned = true))
    return own
  }
}
