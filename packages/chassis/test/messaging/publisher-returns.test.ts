import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ChannelModel } from 'amqplib'
import type { Broker } from '../../src/messaging/broker.ts'
import { Publisher } from '../../src/messaging/publisher.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { turn } from '../support/turn.ts'

/** A channel that answers when the test says so, as a broker is free to: returns first, confirms later and together. */
class SlowChannel extends EventEmitter {
  readonly sent: { exchange: string; routingKey: string; messageId: string | undefined; confirm: () => void }[] = []
  takesMore = true

  publish(
    exchange: string,
    routingKey: string,
    _content: Buffer,
    { messageId }: { messageId?: string },
    confirmed: (error: null) => void,
  ): boolean {
    this.sent.push({ exchange, routingKey, messageId, confirm: () => confirmed(null) })
    return this.takesMore
  }

  returned(index: number): void {
    const { exchange, routingKey, messageId } = this.sent[index] ?? assert.fail(`nothing sent as ${index}`)
    this.emit('return', { fields: { exchange, routingKey }, properties: { messageId } })
  }

  confirmAll(): void {
    for (const { confirm } of this.sent.splice(0)) confirm()
  }
}

describe('a publisher whose confirms come together', () => {
  let channel: SlowChannel
  let publisher: Publisher

  beforeEach(async () => {
    channel = new SlowChannel()
    let open: ((model: ChannelModel) => Promise<void>) | undefined
    const broker = {
      isBlocked: false,
      onConnect: (listener: typeof open) => (open = listener),
    } as unknown as Broker
    publisher = new Publisher(broker, recordedLog().log)
    await open?.({ createConfirmChannel: () => Promise.resolve(channel) } as unknown as ChannelModel)
  })

  function publish(routingKey: string, messageId: string | undefined): Promise<'routed' | 'unroutable'> {
    const options = messageId === undefined ? {} : { messageId }
    return publisher.publish({ exchange: 'order.topic', routingKey, content: Buffer.alloc(0), options })
  }

  it('knows each of several that are alike, and were all returned', async () => {
    const outcomes = [publish('lost', 'same'), publish('lost', 'same'), publish('lost', undefined)]
    await turn()
    for (const index of [0, 1, 2]) channel.returned(index)
    channel.confirmAll()
    assert.deepEqual(await Promise.all(outcomes), ['unroutable', 'unroutable', 'unroutable'])
  })

  it('tells apart the same message on its way to different places', async () => {
    const outcomes = [publish('found', 'same'), publish('lost', 'same')]
    await turn()
    channel.returned(1)
    channel.confirmAll()
    assert.deepEqual(await Promise.all(outcomes), ['routed', 'unroutable'])
  })

  it('does not remember a return longer than its confirm', async () => {
    const first = publish('somewhere', 'same')
    await turn()
    channel.returned(0)
    channel.confirmAll()
    assert.equal(await first, 'unroutable')
    const again = publish('somewhere', 'same')
    await turn()
    channel.confirmAll()
    assert.equal(await again, 'routed')
  })

  it('sends nothing more while the socket is full, until it has drained', async () => {
    channel.takesMore = false
    const outcomes = [publish('found', '1')]
    await turn()
    outcomes.push(publish('found', '2'), publish('found', '3'))
    await turn()
    assert.equal(channel.sent.length, 1)
    channel.takesMore = true
    channel.emit('drain')
    await turn()
    assert.equal(channel.sent.length, 3)
    channel.confirmAll()
    assert.deepEqual(await Promise.all(outcomes), ['routed', 'routed', 'routed'])
    assert.deepEqual([channel.listenerCount('drain'), channel.listenerCount('close')], [0, 1])
  })
})
