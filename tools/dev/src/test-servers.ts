import { startPostgres } from './postgres.ts'
import type { PostgresServer } from './postgres.ts'
import { startRabbitMq } from './rabbitmq.ts'
import type { RabbitMqServer } from './rabbitmq-server.ts'

/** The servers all tests of one run have in common; a test takes a database or queues of its own. */
export interface TestServers {
  postgres(): Promise<PostgresServer>
  rabbitMq(): Promise<RabbitMqServer>
}

const servers: { postgres?: Promise<PostgresServer>; rabbitMq?: Promise<RabbitMqServer> } = {}

/**
 * Each server starts when it is first asked for and stops when the test run ends. A test that crashed or paused one has
 * it running again before it ends.
 */
export function testServers(): TestServers {
  return {
    postgres: () => (servers.postgres ??= startPostgres()),
    rabbitMq: () => (servers.rabbitMq ??= startRabbitMq()),
  }
}

async function stop(server: Promise<{ stop(): Promise<void> }> | undefined): Promise<void> {
  // One that could not start has nothing to stop, and has failed its tests already.
  const started = await server?.catch(() => undefined)
  await started?.stop()
}

/** Stops what `testServers` started; for the end of the test run. */
export async function stopTestServers(): Promise<void> {
  await Promise.all([stop(servers.postgres), stop(servers.rabbitMq)])
}
