// needs: database, broker
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { testServers, waitUntil } from '@order-saga/dev'
import { type Channel, type ChannelModel, connect } from 'amqplib'
import { rechecks } from '../src/audit/options.ts'
import { readQueueDepths } from '../src/audit/queues.ts'
import type { BrokerSource } from '../src/index.ts'
import { AuditedSystem, notesIn, violationsIn } from './audited-system.ts'
import { type Scenario, writeScenario } from './scenarios.ts'

const lostAt = ({ events }: Scenario): Record<string, string[]> => ({
  'events: published, and neither processed by inventory nor in its queues': [
    `${events['order.confirmed']} order.confirmed`,
  ],
})

describe('the audit of queues', () => {
  let system: AuditedSystem
  let model: ChannelModel
  let channel: Channel
  let broker: BrokerSource
  let queues: string[]

  before(async function () {
    this.timeout(120_000)
    system = await AuditedSystem.start()
    const { url } = await testServers().rabbitMq()
    const run = `audit-${randomUUID().slice(0, 8)}`
    broker = {
      url,
      queues: {
        orderQueue: `${run}-order`,
        paymentQueue: `${run}-payment`,
        inventoryQueue: `${run}-inventory`,
        notificationQueue: `${run}-notification`,
      },
      retryDelaysMs: [1_000, 5_000],
    }
    model = await connect(url)
    channel = await model.createChannel()
  })
  after(async () => {
    await model.close()
    await system.stop()
  })
  beforeEach(() => {
    queues = []
  })
  afterEach(async () => {
    for (const queue of queues) await channel.deleteQueue(queue)
    await system.clear()
  })

  async function fill(queue: string, messages: number): Promise<void> {
    await channel.assertQueue(queue, { durable: true })
    queues.push(queue)
    for (let i = 0; i < messages; i += 1) channel.sendToQueue(queue, Buffer.from('{}'))
    await waitUntil(async () => (await channel.checkQueue(queue)).messageCount === messages, {
      what: `${messages} messages in ${queue}`,
      limitMs: 10_000,
    })
  }

  /** An event that inventory has not processed, of an order that has ended. */
  async function unprocessed(): Promise<Scenario> {
    const scenario = await writeScenario(system, 'confirmed')
    await system.sql('inventory', 'DELETE FROM processed_events WHERE event_id = $1', [
      scenario.events['order.confirmed'],
    ])
    return scenario
  }

  it('skips queues that do not exist', async () => {
    assert.deepEqual(await readQueueDepths(broker), [])
    assert.deepEqual(violationsIn(await system.audit({}, { broker })), {})
  })

  it('counts messages without touching them', async () => {
    const { paymentQueue } = broker.queues
    await fill(paymentQueue, 2)
    await fill(`${paymentQueue}.charges`, 1)
    await fill(`${paymentQueue}.retry.5000`, 3)
    await fill(`${paymentQueue}.dlq`, 1)
    const expected = [
      { service: 'payment', queue: paymentQueue, deadLetters: false, messages: 2 },
      { service: 'payment', queue: `${paymentQueue}.charges`, deadLetters: false, messages: 1 },
      { service: 'payment', queue: `${paymentQueue}.retry.5000`, deadLetters: false, messages: 3 },
      { service: 'payment', queue: `${paymentQueue}.dlq`, deadLetters: true, messages: 1 },
    ]
    assert.deepEqual(await readQueueDepths(broker), expected)
    assert.deepEqual(await readQueueDepths(broker), expected)
    const message = await channel.get(paymentQueue, { noAck: true })
    assert.equal(message !== false && message.fields.redelivered, false)
  })

  it('finds dead letters above the tolerated number', async () => {
    const { orderQueue, notificationQueue } = broker.queues
    await fill(`${orderQueue}.dlq`, 1)
    await fill(`${notificationQueue}.dlq`, 2)
    const report = await system.audit({ allowDeadLetters: 2 }, { broker })
    const deadLetters = report.checks.find(({ check }) => check === 'dead_letters')
    assert.deepEqual(deadLetters?.kinds, [
      { kind: `in ${orderQueue}.dlq`, count: 1, ids: [] },
      { kind: `in ${notificationQueue}.dlq`, count: 2, ids: [] },
    ])
    assert.equal(report.clean, false)
    assert.equal((await system.audit({ allowDeadLetters: 3 }, { broker })).clean, true)
  })

  it('counts an unprocessed event as lost only when the queues of its consumer are empty', async () => {
    const scenario = await unprocessed()
    assert.deepEqual(violationsIn(await system.audit({}, { broker })), lostAt(scenario))
    await fill(`${broker.queues.paymentQueue}.retry.1000`, 1)
    assert.deepEqual(
      violationsIn(await system.audit({}, { broker })),
      lostAt(scenario),
      "another's queue explains nothing",
    )
    await fill(`${broker.queues.inventoryQueue}.retry.5000`, 1)
    const report = await system.audit({}, { broker })
    assert.deepEqual(violationsIn(report), {})
    assert.deepEqual(notesIn(report).outstanding_events, [`${scenario.events['order.confirmed']} order.confirmed`])
  })

  it('checks no further events behind a queue that is never empty', async () => {
    for (let i = 0; i < 3; i += 1) await unprocessed()
    await fill(broker.queues.inventoryQueue, 1)
    let pauses = 0
    const options = { suspectLimit: 1, pause: async () => void (pauses += 1) }
    const report = await system.audit(options, { broker })
    assert.deepEqual(violationsIn(report), {})
    assert.equal(notesIn(report).outstanding_events?.length, 3)
    assert.equal(pauses, rechecks)
  })

  it('counts every lost event when there are more suspects than it holds at once', async () => {
    for (let i = 0; i < 3; i += 1) await unprocessed()
    const report = await system.audit({ suspectLimit: 2 }, { broker })
    assert.equal(report.checks.find(({ check }) => check === 'events')?.violations, 3)
  })

  it('counts it as lost when its queues become empty and it is still missing at the next check', async () => {
    const scenario = await unprocessed()
    const { inventoryQueue } = broker.queues
    await fill(inventoryQueue, 1)
    const pause = async (): Promise<void> => void (await channel.purgeQueue(inventoryQueue))
    assert.deepEqual(violationsIn(await system.audit({ pause }, { broker })), lostAt(scenario))
  })

  it('does not report an event that is processed as its queue becomes empty', async () => {
    const scenario = await unprocessed()
    const { inventoryQueue } = broker.queues
    await fill(inventoryQueue, 1)
    const pause = async (): Promise<void> => {
      await channel.purgeQueue(inventoryQueue)
      const event = scenario.events['order.confirmed']
      await system.sql('inventory', 'INSERT INTO processed_events VALUES ($1, $2) ON CONFLICT DO NOTHING', [event, 'q'])
    }
    const report = await system.audit({ pause }, { broker })
    assert.deepEqual(violationsIn(report), {})
  })

  it('treats a dead letter as the location of an unprocessed event, unless the dead letters are known to be others', async () => {
    const scenario = await unprocessed()
    const deadLetters = `${broker.queues.inventoryQueue}.dlq`
    await fill(deadLetters, 1)
    const report = await system.audit({}, { broker })
    assert.deepEqual(Object.keys(violationsIn(report)), [`dead_letters: in ${deadLetters}`])
    assert.deepEqual(notesIn(report).outstanding_events, [`${scenario.events['order.confirmed']} order.confirmed`])
    assert.deepEqual(violationsIn(await system.audit({ allowDeadLetters: 1 }, { broker })), lostAt(scenario))
  })

  it('reports that the broker is unavailable, without its password', async () => {
    const away = { ...broker, url: 'amqp://ann:secret@127.0.0.1:1' }
    await assert.rejects(system.audit({}, { broker: away }), (error: Error) => {
      assert.match(error.message, /^the broker: connect ECONNREFUSED/)
      assert.doesNotMatch(error.message, /secret/)
      return true
    })
  })
})
