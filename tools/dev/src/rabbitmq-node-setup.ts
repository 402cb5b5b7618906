import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Definitions, maxMessageBytes } from '@order-saga/contracts'
import { programEnvironment } from './environment.ts'
import type { RunFolder } from './run-folder.ts'
import { runProgram } from './run-program.ts'

/** The ports of a node. */
export interface NodePorts {
  amqp: number
  distribution: number
  epmd: number
  /** Of the management API, if the node serves it. */
  management?: number | undefined
}

/** The environment that keeps a node, and what talks to it, to this folder and these ports. */
export function nodeEnvironment(folder: RunFolder, ports: NodePorts): NodeJS.ProcessEnv {
  const inFolder = (name: string): string => join(folder.path, name)
  return {
    ...programEnvironment(folder.path),
    // localhost resolves everywhere, which the machine's own name may not.
    RABBITMQ_NODENAME: `order-saga-${ports.amqp}@localhost`,
    RABBITMQ_CONFIG_FILE: inFolder('rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: inFolder('advanced.config'),
    RABBITMQ_CONF_ENV_FILE: inFolder('rabbitmq-env.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: inFolder('enabled_plugins'),
    RABBITMQ_MNESIA_BASE: inFolder('data'),
    RABBITMQ_LOG_BASE: inFolder('log'),
    RABBITMQ_GENERATED_CONFIG_DIR: inFolder('generated'),
    RABBITMQ_PID_FILE: inFolder('beam.pid'),
    RABBITMQ_DIST_PORT: String(ports.distribution),
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_CRASH_DUMP_SECONDS: '0',
  }
}

/** The path of Erlang's epmd, for which there is no other way to ask than Erlang itself. */
export async function findEpmd(folder: RunFolder, signal?: AbortSignal): Promise<string> {
  const program = 'io:format("~s/erts-~s/bin/epmd", [code:root_dir(), erlang:system_info(version)]), halt().'
  // Out of reach of Ctrl-C, which makes Erlang ask what to do, and wait for an answer that nobody gives.
  const options = { cwd: folder.path, env: programEnvironment(folder.path), signal, folder }
  const { end, output } = await runProgram('erl', ['-noshell', '-eval', program], options).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw new Error(
      'RabbitMQ is here but Erlang is not: put erl on the PATH, or set RABBITMQ_URL to a running broker.',
      { cause: error },
    )
  })
  if (end !== 'exit code 0') throw new Error(`Erlang does not work here: erl ended with ${end}. ${output}`.trim())
  return output
}

/**
 * The log that all quorum queues share is kept in memory until its file is full. The default of 512 MiB lets a busy broker
 * grow by as much within minutes; RabbitMQ requires three times the file in memory.
 */
const raftLogBytes = 64 * 1024 * 1024

/** The API without statistics: only definitions are read from it, such as bindings, which AMQP does not show. */
function managementOf({ management }: NodePorts): string {
  if (management === undefined) return ''
  return `,
  {rabbitmq_management, [{tcp_config, [{port, ${management}}, {ip, "127.0.0.1"}]}, {disable_management_stats, true}]},
  {rabbitmq_management_agent, [{disable_metrics_collector, true}]}`
}

/** Writes the node's configuration into its folder. With definitions the node has their users alone. */
export async function configureNode(folder: RunFolder, ports: NodePorts, definitions?: Definitions): Promise<void> {
  const file = join(folder.path, 'definitions.json')
  if (definitions !== undefined) await writeFile(file, JSON.stringify(definitions), { mode: 0o600 })
  const loaded = definitions && `{load_definitions, "${file}"}, {max_message_size, ${maxMessageBytes}},`
  // Erlang terms instead of rabbitmq.conf: translating that one costs a quarter of the start.
  const settings = `[{rabbit, [
    {tcp_listeners, [{"127.0.0.1", ${ports.amqp}}]},
    ${loaded ?? ''}
    {disk_free_limit, 50000000},
    {log, [{file, [{file, "rabbit.log"}, {level, info}]}]}
  ]},
  {ra, [{wal_max_size_bytes, ${raftLogBytes}}]}${managementOf(ports)}].`
  await mkdir(join(folder.path, 'data'))
  await writeFile(join(folder.path, 'rabbitmq-env.conf'), '')
  await writeFile(join(folder.path, 'advanced.config'), settings)
  await writeFile(
    join(folder.path, 'enabled_plugins'),
    ports.management === undefined ? '[].\n' : '[rabbitmq_management].\n',
  )
  await writeFile(join(folder.path, '.erlang.cookie'), randomBytes(20).toString('hex'), { mode: 0o400 })
}
