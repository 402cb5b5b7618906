import { readdir, readFile } from 'node:fs/promises'
import { aptInstall } from './apt.ts'
import { signalIfAlive } from './process-tree.ts'
import { machineRabbitMq } from './rabbitmq-programs.ts'
import type { RabbitMqOptions } from './rabbitmq-server.ts'

const advice =
  'No RabbitMQ was found: install rabbitmq-server, start a container engine, or set RABBITMQ_URL to a running broker.'

async function brokersAndDaemons(): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue
    const name = await readFile(`/proc/${entry}/comm`, 'utf8').catch(() => '')
    if (/^(epmd|beam\.smp)$/.test(name.trim())) found.push(Number(entry))
  }
  return found
}

/**
 * Installs Debian's or Ubuntu's rabbitmq-server and returns its folder of programs. No broker or daemon that the
 * installation started stays running. Rejects with what to do where it cannot install.
 */
export async function installRabbitMq(options: RabbitMqOptions): Promise<string> {
  const before = await brokersAndDaemons()
  try {
    await aptInstall('rabbitmq-server', { advice, log: options.log, signal: options.signal })
  } finally {
    const started = (await brokersAndDaemons()).filter((pid) => !before.includes(pid))
    for (const pid of started) signalIfAlive(pid, 'SIGTERM')
  }
  options.signal?.throwIfAborted()
  const programs = await machineRabbitMq()
  if (!programs) throw new Error(advice)
  return programs
}
