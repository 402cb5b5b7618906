import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { ownExchange } from '@order-saga/contracts'
import { connect } from 'amqplib'
import { Client } from 'pg'
import type { PostgresServer } from '@order-saga/dev'
import type { TestBroker } from '@order-saga/tests/support/broker'
import { idleRate, latenciesOf, type Latencies } from './load-plan.ts'

/** Acceptance, charge intent, charge result, reservation, confirmation; a message follows each except the second. */
const steps = [{ message: true }, { message: false }, { message: true }, { message: true }, { message: true }]
/** The approximate size of an event. */
const body = Buffer.alloc(450, 'x')
const warmUpPaths = 20

export interface BarePath {
  /** Ten paths per second, as at idle; caches are cold. */
  readonly idle: Latencies
  /** Sequential paths without a pause. */
  readonly warm: Latencies
}

/**
 * Measures the minimum latency of a confirmed order: its durable transactions of one row each and its messages through a
 * quorum queue, sequentially, in one process without further work.
 */
export async function measureBarePath(server: PostgresServer, broker: TestBroker, seconds: number): Promise<BarePath> {
  const database = new Client({ connectionString: server.url() })
  await database.connect()
  const connection = await connect(broker.server.url, { noDelay: true })
  const channel = await connection.createConfirmChannel()
  const name = `${broker.exchange}_path`
  await database.query(`CREATE TABLE ${name} (id uuid PRIMARY KEY, data bytea)`)
  await channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  const exchange = ownExchange(name)
  await channel.assertExchange(exchange, 'direct', { durable: true })
  await channel.bindQueue(name, exchange, name)
  let delivered: () => void = () => undefined
  await channel.consume(name, (message) => {
    if (message === null) return
    channel.ack(message)
    delivered()
  })

  const runPath = async (): Promise<number> => {
    const begun = performance.now()
    for (const { message } of steps) {
      const text = `INSERT INTO ${name} (id, data) VALUES ($1, $2)`
      await database.query({ name: 'bare-path', text, values: [randomUUID(), body] })
      if (!message) continue
      const arrival = new Promise<void>((resolve) => (delivered = resolve))
      channel.publish(exchange, name, body, { persistent: true })
      await arrival
    }
    return performance.now() - begun
  }
  const measure = async (everyMs: number): Promise<Latencies> => {
    const took: number[] = []
    for (const end = performance.now() + (seconds / 2) * 1_000; performance.now() < end;) {
      const ms = await runPath()
      took.push(ms)
      if (ms < everyMs) await pause(everyMs - ms)
    }
    return latenciesOf(took)
  }
  try {
    for (let path = 0; path < warmUpPaths; path += 1) await runPath()
    return { idle: await measure(1_000 / idleRate), warm: await measure(0) }
  } finally {
    await channel.waitForConfirms()
    await channel.deleteQueue(name)
    await channel.deleteExchange(exchange)
    await connection.close()
    await database.query(`DROP TABLE ${name}`)
    await database.end()
  }
}
