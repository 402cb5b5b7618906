import assert from 'node:assert/strict'
import type { Publication, Publisher } from '../../src/messaging/publisher.ts'
import type { Database } from '../../src/persistence/database.ts'
import { Relay } from '../../src/persistence/relay.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { outgoing } from '../equipment/deliveries.ts'
import { recordedLog } from '../equipment/recorded-log.ts'
import { turn } from '../equipment/turn.ts'

describe('a relay that is coming to rest', () => {
  it('overlooks nothing that is offered at that very moment', async () => {
    for (let microtasks = 0; microtasks < 40; microtasks += 1) {
      const published: string[] = []
      const publisher = {
        isAvailable: true,
        onAvailable: () => undefined,
        publish: ({ options }: Publication) => {
          published.push(options.messageId ?? '')
          return Promise.resolve('routed')
        },
      } as unknown as Publisher
      const offerLast = async (): Promise<void> => {
        for (let i = 0; i < microtasks; i += 1) await Promise.resolve()
        relay.offer([last])
      }
      const [first, last] = [outgoing(), outgoing()]
      let marked = 0
      const database = {
        query: () => {
          marked += 1
          if (marked === 1) void offerLast()
          return Promise.resolve([])
        },
      } as unknown as Database
      const options = { exchange: 'order.topic', pollIntervalMs: 600_000, parkAfterMs: 600_000 }
      const { log } = recordedLog()
      const relay = new Relay({ database, publisher, log, metrics: createMetrics(), ...options })
      relay.offer([first])
      for (let turns = 0; turns < 10; turns += 1) await turn()
      assert.deepEqual(published, [first.eventId, last.eventId], `offered ${microtasks} microtasks later`)
    }
  })
})
