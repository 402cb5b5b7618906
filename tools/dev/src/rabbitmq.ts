import { installRabbitMq } from './rabbitmq-apt.ts'
import { containerEngine, startRabbitMqContainer } from './rabbitmq-container.ts'
import { startRabbitMqNode } from './rabbitmq-node.ts'
import { machineRabbitMq } from './rabbitmq-programs.ts'
import type { RabbitMqOptions, RabbitMqServer } from './rabbitmq-server.ts'

/**
 * Finds what can run a private RabbitMQ node, and returns what starts one: the machine's own rabbitmq-server, else a
 * container, else one it installs now (as root on Debian or Ubuntu). Rejects with one sentence that says what to do
 * when there is none.
 */
export async function findRabbitMq(options: RabbitMqOptions = {}): Promise<() => Promise<RabbitMqServer>> {
  const onMachine = await machineRabbitMq()
  if (onMachine) return () => startRabbitMqNode(onMachine, options)
  const engine = await containerEngine(options)
  if (engine) return () => startRabbitMqContainer(engine, options)
  const installed = await installRabbitMq(options)
  return () => startRabbitMqNode(installed, options)
}

/**
 * Starts a private RabbitMQ node, found by `findRabbitMq`, on a free port of 127.0.0.1. When it cannot, nothing is left
 * behind.
 */
export async function startRabbitMq(options: RabbitMqOptions = {}): Promise<RabbitMqServer> {
  const start = await findRabbitMq(options)
  return start()
}
