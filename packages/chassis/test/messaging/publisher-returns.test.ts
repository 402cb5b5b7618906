import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ChannelModel } from 'amqplib'
import type { Broker } from '../../src/messaging/broker.ts'
import { Publisher } from '../../src/messaging/publisher.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { turn } from '../support/turn.ts'

/** A channel whose returns and confirms the test triggers: returns first, confirms later and together. */
class ControlledChannel extends EventEmitter {
  readonly sent: { exchange: string; routingKey: string; messageId: string | undefined; confirm: () => void }[] = []
  hasSpace = true

  publish(
    exchange: string,
    routingKey: string,
    _content: Buffer,
    { messageId }: { messageId?: string },
    confirmed: (error: null) => void,
  ): boolean {
    this.sent.push({ exchange, routingKey, messageId, confirm: () => confirmed(null) })
    return this.hasSpace
  }

  returnMessage(index: number): void {
    const { exchange, routingKey, messageId } = this.sent[index] ?? assert.fail(`nothing sent as ${index}`)
    this.emit('return', { fields: { exchange, routingKey }, properties: { messageId } })
  }

  confirmAll(): void {
    for (const { confirm } of this.sent.splice(0)) confirm()
  }
}

describe('a publisher whose confirms arrive together', () => {
  let channel: ControlledChannel
  let publisher: Publisher

  beforeEach(async () => {
    channel = new ControlledChannel()
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

  it('recognizes each of several equal messages that were all returned', async () => {
    const outcomes = [publish('lost', 'same'), publish('lost', 'same'), publish('lost', undefined)]
    await turn()
    for (const index of [0, 1, 2]) channel.returnMessage(index)
    channel.confirmAll()
    assert.deepEqual(await Promise.all(outcomes), ['unroutable', 'unroutable', 'unroutable'])
  })

  it('distinguishes one message id in flight to two routing keys', async () => {
    const outcomes = [publish('found', 'same'), publish('lost', 'same')]
    await turn()
    channel.returnMessage(1)
    channel.confirmAll()
    assert.deepEqual(await Promise.all(outcomes), ['routed', 'unroutable'])
  })

  it('removes a return together with its confirm', async () => {
    const first = publish('somewhere', 'same')
    await turn()
    channel.returnMessage(0)
    channel.confirmAll()
    assert.equal(await first, 'unroutable')
    const again = publish('somewhere', 'same')
    await turn()
    channel.confirmAll()
    assert.equal(await again, 'routed')
  })

  it('sends nothing more while the socket is full, until it has drained', async () => {
    channel.hasSpace = false
    const outcomes = [publish('found', '1')]
    await turn()
    outcomes.push(publish('found', '2'), publish('found', '3'))
    await turn()
    assert.equal(channel.sent.length, 1)
    channel.hasSpace = true
    channel.emit('drain')
    await turn()
    assert.equal(channel.sent.length, 3)
    channel.confirmAll()
    assert.deepEqual(await Promise.all(outcomes), ['routed', 'routed', 'routed'])
    assert.deepEqual([channel.listenerCount('drain'), channel.listenerCount('close')], [0, 1])
  })
})
