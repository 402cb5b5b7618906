import { installRabbitMq } from './rabbitmq-apt.ts'
import { containerEngine, startRabbitMqContainer } from './rabbitmq-container.ts'
import { startRabbitMqNode } from './rabbitmq-node.ts'
import { machineRabbitMq } from './rabbitmq-programs.ts'
import type { RabbitMqOptions, RabbitMqServer } from './rabbitmq-server.ts'

/**
 * Starts a private RabbitMQ node on a free port of 127.0.0.1: the machine's own rabbitmq-server, else a container, else
 * one it installs (as root on Debian or Ubuntu). Rejects with one sentence that says what to do when none can be found
 * or started; nothing is left behind then.
 */
export async function startRabbitMq(options: RabbitMqOptions = {}): Promise<RabbitMqServer> {
  const programs = await machineRabbitMq()
  if (programs) return startRabbitMqNode(programs, options)
  const engine = await containerEngine(options)
  if (engine) return startRabbitMqContainer(engine, options)
  return startRabbitMqNode(await installRabbitMq(options), options)
}
