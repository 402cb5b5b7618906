// needs: database, broker
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { secondaryQueue } from '@order-saga/contracts'
import { bodyOf, useOperatedSystem } from './operated-system.ts'

describe('saga dead-letters list', function () {
  this.timeout(120_000)
  const system = useOperatedSystem()

  async function fill(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => randomUUID())
    for (const eventId of ids) {
      const headers = {
        reason: 'no room',
        queue: system().queueOf('order'),
        'dead-lettered-at': new Date().toISOString(),
      }
      system().channel.publish('', system().dlqOf('order'), Buffer.from(bodyOf('payment.completed', { eventId })), {
        persistent: true,
        type: 'payment.completed',
        headers,
      })
    }
    await system().channel.waitForConfirms()
    return ids
  }

  it('lists thousands of messages in queue order, repeatedly, and removes none', async () => {
    const ids = await fill(3_300)
    for (let look = 1; look <= 5; look += 1) {
      const { items, summary } = await system().json('dead-letters', 'list', '--limit', '10000')
      assert.deepEqual(
        items.map(({ id }) => id),
        ids,
        `look ${look}`,
      )
      assert.deepEqual(summary, { shown: 3_300, total: 3_300, more: false })
      await system().untilDepth(system().dlqOf('order'), 3_300)
    }
    const { items, summary } = await system().json('dead-letters', 'list', '--limit', '7')
    assert.deepEqual(
      items.map(({ id }) => id),
      ids.slice(0, 7),
    )
    assert.deepEqual(summary, { shown: 7, total: 3_300, more: true })
    await system().untilDepth(system().dlqOf('order'), 3_300)
    const kept = (await system().take(system().dlqOf('order'))).map(({ content }) => content.toString())
    assert.deepEqual(
      kept.map((body) => (JSON.parse(body) as { eventId: string }).eventId),
      ids,
    )
  })

  it('lists event, source queue, failure reason and time of each message', async () => {
    const [eventId, sagaId, orderId] = [randomUUID(), randomUUID(), randomUUID()]
    await system().die('payment', bodyOf('order.created', { eventId, sagaId, orderId }), { type: 'order.created' })
    await system().die('order', 'no JSON {', { type: 'payment.failed', messageId: 'm-1' })
    await system().die('inventory', 'nor this', { type: '?' })
    const { items } = await system().json('dead-letters', 'list')
    assert.deepEqual(
      items.map(({ id, queue, event, reason, attempts }) => [id, queue, event, reason, attempts]),
      [
        ['m-1', system().queueOf('order'), 'payment.failed', 'the shelf has collapsed', 5],
        [eventId, system().queueOf('payment'), 'order.created', 'the shelf has collapsed', 5],
        [items[2]?.['id'], system().queueOf('inventory'), '?', 'the shelf has collapsed', 5],
      ],
    )
    assert.match(String(items[2]?.['id']), /^sha256:[0-9a-f]{16}$/)
    const { code, out } = await system().run(['dead-letters', 'list'])
    assert.equal(code, 0)
    assert.match(out, /^ID +QUEUE +EVENT +SINCE +ATTEMPTS +REPLAYS +REASON$/m)
    assert.match(
      out,
      new RegExp(`^${eventId} +${system().queueOf('payment')} +order.created +\\d s ago +5 +0 +the shelf`, 'm'),
    )
    assert.match(out, /^3 dead letters shown, 3 in the queues$/m)
  })

  it('selects messages by queue, service, event, reason, saga and age', async () => {
    const sagaId = randomUUID()
    const [young, old] = [randomUUID(), randomUUID()]
    const long = { 'dead-lettered-at': new Date(Date.now() - 3_600_000).toISOString(), reason: 'Unknown SAGA: x' }
    await system().die('order', bodyOf('payment.completed', { eventId: young, sagaId }), { type: 'payment.completed' })
    await system().die('payment', bodyOf('order.created', { eventId: old }), { type: 'order.created', headers: long })
    const found = async (...filter: string[]): Promise<unknown[]> =>
      (await system().json('dead-letters', 'list', ...filter)).items.map(({ id }) => id)
    assert.deepEqual(await found(), [young, old])
    assert.deepEqual(await found('--queue', 'payment'), [old])
    assert.deepEqual(await found('--queue', system().queueOf('order')), [young])
    assert.deepEqual(await found('--queue', system().dlqOf('order')), [young])
    assert.deepEqual(await found('--queue', secondaryQueue(system().queueOf('payment'), 'charges')), [])
    assert.deepEqual(await found('--event', 'order.created'), [old])
    assert.deepEqual(await found('--died-of', 'unknown saga'), [old])
    assert.deepEqual(await found('--saga', sagaId), [young])
    assert.deepEqual(await found('--older-than', '30m'), [old])
    assert.deepEqual(await found('--younger-than', '30m'), [young])
    assert.deepEqual(await found('--older-than', '30m', '--event', 'payment.completed'), [])
  })

  it('replays a message that the broker dead-lettered into its secondary queue', async () => {
    const secondary = secondaryQueue(system().queueOf('payment'), 'charges')
    const eventId = randomUUID()
    await system().send(secondary, bodyOf('order.created', { eventId }), { type: 'order.created', messageId: eventId })
    for (let returned = 0; (await system().depth(system().dlqOf('payment'))) === 0; returned += 1) {
      assert(returned < 5_000, 'the broker does not dead-letter it')
      const message = await system().channel.get(secondary)
      if (message !== false) system().channel.nack(message)
    }
    const [letter] = (await system().json('dead-letters', 'list')).items
    assert.deepEqual([letter?.['id'], letter?.['queue'], letter?.['event']], [eventId, secondary, 'order.created'])
    assert.equal(letter?.['reason'], 'delivery_limit')
    assert(Date.now() - Date.parse(String(letter?.['deadLetteredAt'])) < 60_000)
    assert.equal(letter?.['diedAt'], letter?.['deadLetteredAt'])
    const { code } = await system().run(['dead-letters', 'replay', eventId, '--reason', 'the pods are well again'])
    assert.equal(code, 0)
    const [back, ...more] = await system().take(secondary)
    assert.deepEqual(more, [])
    assert.equal(back?.properties.messageId, eventId)
    assert.equal(back?.properties.headers?.['x-death'], undefined)
    await system().untilDepth(system().dlqOf('payment'), 0)
  })

  it('names an unknown queue', async () => {
    const { code, error } = await system().run(['dead-letters', 'list', '--queue', 'postbox'])
    assert.equal(code, 2)
    assert.match(error, /^--queue postbox is not a queue of the system: give order, payment, /)
    const event = await system().run(['dead-letters', 'list', '--event', 'order.exploded'])
    assert.deepEqual([event.code, event.error.startsWith('--event order.exploded is not an event')], [2, true])
    const wrong = await system().run(['dead-letters', 'list'], { env: { ORDER_QUEUE: 'not_there' } })
    assert.equal(wrong.code, 3)
    assert.match(
      wrong.error,
      /not_there\.dlq does not exist: check that the services are started, and the queue's name/,
    )
  })
})
