import { randomBytes } from 'node:crypto'
import { type DatabaseAddress, migrate } from '@order-saga/chassis'
import type { PostgresServer } from '@order-saga/dev'
import { dropDatabase } from './bare-sql.ts'
import { runChild } from './run-child.ts'

export interface RelayPlan {
  readonly database: DatabaseAddress
  readonly rabbitMqUrl: string
  /** Of the exchange, and of the one queue that is bound to it. */
  readonly name: string
  /** Published in each way. */
  readonly events: number
}

/** Events per second that are confirmed by the broker and marked in the table. */
export interface RelayRates {
  /** Worked off from a table full of rows that nobody has leased, as after an outage. */
  readonly fromTable: number
  /** Handed over after their commit, as while all is well. */
  readonly fromMemory: number
}

const events = 30_000

/** What a relay does here at most, with nobody beside it: on a database, an exchange and a quorum queue of its own. */
export async function relayAlone(server: PostgresServer, rabbitMqUrl: string): Promise<RelayRates> {
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
