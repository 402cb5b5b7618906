import { randomBytes } from 'node:crypto'
import { type DatabaseAddress, migrate } from '@order-saga/chassis'
import type { PostgresServer } from '@order-saga/dev'
import { dropDatabase } from './bare-sql.ts'
import { runChild } from './run-child.ts'

export interface RelayPlan {
  readonly database: DatabaseAddress
  readonly rabbitMqUrl: string
  /** The name of the exchange and of its only queue. */
  readonly name: string
  /** Number of events for each rate. */
  readonly events: number
}

/** Events per second, confirmed by the broker and marked in the table. */
export interface RelayRates {
  /** Polled from a table of unleased rows, as after an outage. */
  readonly fromTable: number
  /** Offered to the relay after the commit, as in normal operation. */
  readonly fromMemory: number
}

const events = 30_000

/** Measures the throughput of a relay alone, with its own database, exchange and quorum queue. */
export async function measureRelay(server: PostgresServer, rabbitMqUrl: string): Promise<RelayRates> {
  const name = `relay_${randomBytes(4).toString('hex')}`
  const { port, user, password } = server
  const database = { host: '127.0.0.1', port, name, user, password, caFile: '' }
  await server.createDatabase(name)
  try {
    await migrate(database, 'order', () => undefined)
    return await runChild<RelayRates>('relay-main.ts', { database, rabbitMqUrl, name, events } satisfies RelayPlan)
  } finally {
    await dropDatabase(server, name)
  }
}
