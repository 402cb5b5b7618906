// needs: broker
import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { waitUntil } from '@order-saga/dev'
import { type ChannelModel, connect, type ConsumeMessage } from 'amqplib'
import { socketOf } from '../../src/messaging/connect.ts'
import { BrokerForTest } from '../support/broker-for-test.ts'
import { privatePart } from '../support/private-part.ts'

describe('private parts of amqplib', () => {
  let own: BrokerForTest
  let model: ChannelModel

  before(async () => {
    own = await BrokerForTest.create()
    await own.declare()
  })

  beforeEach(async () => {
    model = await connect(own.url, { writableHighWaterMark: 54_321 } as object)
    model.on('error', () => undefined)
  })

  afterEach(async () => model.close().catch(() => undefined))

  after(async () => own?.drop())

  privatePart('connection.stream is the socket, created with the options of connect', 'connect.ts', () => {
    assert.ok(socketOf(model) instanceof Socket)
    assert.equal(socketOf(model).writableHighWaterMark, 54_321)
  })

  privatePart('a connection calls write of its stream for each message', 'corkPerTurn in connect.ts', async () => {
    const channel = await model.createConfirmChannel()
    const socket = socketOf(model)
    const write = socket.write.bind(socket)
    let writes = 0
    socket.write = ((chunk: Buffer) => {
      writes += 1
      return write(chunk)
    }) as typeof socket.write
    for (const routingKey of ['a', 'b', 'c']) channel.publish(own.exchange, routingKey, Buffer.from('{}'))
    await channel.waitForConfirms()
    assert.ok(writes >= 3, `${writes} writes`)
  })

  privatePart('a connection closes when its stream is destroyed with an error', 'close.ts', async () => {
    let closed = false
    model.once('close', () => (closed = true))
    socketOf(model).destroy(new Error('destroyed by the test'))
    await waitUntil(() => closed, { what: 'close', limitMs: 5_000 })
  })

  privatePart(
    'a connection takes its next frame from rest by calling its recvFrame, which advances rest before it decodes',
    'acceptAllProperties in connect.ts',
    async () => {
      const connection = model.connection as unknown as { rest: Buffer; recvFrame(): { id?: number } | false }
      const receive = connection.recvFrame.bind(connection)
      const headers: [type: number | undefined, id: unknown, taken: number, size: number][] = []
      connection.recvFrame = () => {
        const frame = connection.rest
        const received = receive()
        const taken = frame.length - connection.rest.length
        if (received !== false && frame[0] === 2 && taken > 0) {
          headers.push([frame[0], received.id, taken, frame.readUInt32BE(3) + 8])
        }
        return received
      }
      const channel = await model.createConfirmChannel()
      channel.sendToQueue(own.queue, Buffer.from('{}'))
      await channel.waitForConfirms()
      const delivery = await channel.get(own.queue, { noAck: true })
      assert.equal(delivery && delivery.content.toString(), '{}')
      const [[type, id, taken, size] = []] = headers
      assert.deepEqual([type, id, taken], [2, 60, size])
    },
  )

  privatePart('ack reads only the delivery tag of a message', 'consumer.ts', async () => {
    const channel = await model.createConfirmChannel()
    channel.sendToQueue(own.queue, Buffer.from('{}'))
    await channel.waitForConfirms()
    const delivery = await channel.get(own.queue)
    assert.ok(delivery)
    channel.ack({ fields: { deliveryTag: delivery.fields.deliveryTag } } as ConsumeMessage, true)
    await channel.close()
    assert.equal(await own.ready(), 0)
  })
})
