import assert from 'node:assert/strict'
import type { Publication, Publisher } from '../../src/messaging/publisher.ts'
import type { Database, Statement } from '../../src/persistence/database.ts'
import { Relay } from '../../src/persistence/relay.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import { outgoing } from '../support/deliveries.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { turn } from '../support/turn.ts'

/** A relay on a publisher that never answers by itself, and on a database that takes everything. */
function relayOn(confirms: (() => void)[], published: string[], statements: string[]): Relay {
  const publisher = {
    isAvailable: true,
    onAvailable: () => undefined,
    publish: ({ options }: Publication) => {
      published.push(options.messageId ?? '')
      return new Promise((resolve) => confirms.push(() => resolve('routed')))
    },
  } as unknown as Publisher
  const database = {
    query: ({ name }: Statement) => {
      statements.push(name)
      return Promise.resolve([])
    },
  } as unknown as Database
  const { log } = recordedLog()
  const options = { exchange: 'order.topic', pollIntervalMs: 600_000, parkAfterMs: 600_000 }
  return new Relay({ database, publisher, log, metrics: createMetrics(), ...options })
}

describe('a relay, for events from memory', () => {
  let confirms: (() => void)[]
  let published: string[]
  let statements: string[]
  let relay: Relay

  beforeEach(() => {
    ;[confirms, published, statements] = [[], [], []]
    relay = relayOn(confirms, published, statements)
  })

  it('publishes at once, in order, without waiting for outstanding confirms', async () => {
    const events = Array.from({ length: 6 }, () => outgoing())
    for (const two of [events.slice(0, 2), events.slice(2, 4), events.slice(4)]) {
      relay.offer(two)
      await turn()
    }
    assert.deepEqual(
      published,
      events.map(({ eventId }) => eventId),
    )
    for (const confirm of confirms) confirm()
    await relay.drain()
  })

  it('limits unconfirmed events to 1,000, and continues with each confirm', async () => {
    relay.offer(Array.from({ length: 1_500 }, () => outgoing()))
    await turn()
    assert.equal(published.length, 1_000)
    for (const confirm of confirms.splice(0, 100)) confirm()
    await turn()
    await turn()
    assert.equal(published.length, 1_100)
    const drained = relay.drain()
    while (confirms.length > 0) {
      for (const confirm of confirms.splice(0)) confirm()
      await turn()
      await turn()
    }
    await drained
    assert.equal(published.length, 1_500)
  })

  it('marks events confirmed within some milliseconds in one statement, at the latest at its end', async () => {
    relay.offer([outgoing(), outgoing()])
    await turn()
    relay.offer([outgoing()])
    await turn()
    for (const confirm of confirms) confirm()
    await turn()
    assert.deepEqual(statements, [])
    await relay.drain()
    assert.deepEqual(statements, ['relay-published'])
  })

  it('publishes an event that is offered while the last confirm arrives', async () => {
    for (let microtasks = 0; microtasks < 40; microtasks += 1) {
      ;[confirms, published, statements] = [[], [], []]
      relay = relayOn(confirms, published, statements)
      const [first, last] = [outgoing(), outgoing()]
      relay.offer([first])
      await turn()
      confirms.pop()?.()
      for (let i = 0; i < microtasks; i += 1) await Promise.resolve()
      relay.offer([last])
      await turn()
      await turn()
      assert.deepEqual(published, [first.eventId, last.eventId], `offered ${microtasks} microtasks later`)
      confirms.pop()?.()
      await relay.drain()
    }
  })
})
