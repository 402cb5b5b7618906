import { startPostgres } from './postgres.ts'
import type { PostgresServer } from './postgres.ts'
import { startRabbitMq } from './rabbitmq.ts'
import type { RabbitMqServer } from './rabbitmq-server.ts'

/** The servers that tests have in common; a test takes a database or queues of its own. */
export interface TestServers {
  postgres(): Promise<PostgresServer>
  rabbitMq(): Promise<RabbitMqServer>
}

let shared: TestServers | undefined
const servers: { postgres?: Promise<PostgresServer>; rabbitMq?: Promise<RabbitMqServer> } = {}

/**
 * This process's own servers, unless it shares those of others. Each starts when it is first requested and stops with
 * `stopTestServers`. A test that crashed or paused one has it running again before it ends.
 */
export function testServers(): TestServers {
  return shared ?? ownServers
}

/** Makes `testServers` return these, until called again without any. */
export function shareTestServers(others?: TestServers): void {
  shared = others
}

const ownServers: TestServers = {
  postgres: () => (servers.postgres ??= startPostgres()),
  rabbitMq: () => (servers.rabbitMq ??= startRabbitMq()),
}

async function stop(server: Promise<{ stop(): Promise<void> }> | undefined): Promise<void> {
  // One that could not start has nothing to stop, and has failed its tests already.
  const started = await server?.catch(() => undefined)
  await started?.stop()
}

/** Stops this process's own servers; the next request starts new ones. */
export async function stopTestServers(): Promise<void> {
  const { postgres, rabbitMq } = servers
  delete servers.postgres
  delete servers.rabbitMq
  await Promise.all([stop(postgres), stop(rabbitMq)])
}
