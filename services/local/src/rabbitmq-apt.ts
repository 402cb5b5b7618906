import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { signalIfAlive } from './process-tree.ts'
import { machineRabbitMq } from './rabbitmq-programs.ts'
import { complaint, runProgram } from './run-program.ts'
import type { RabbitMqOptions } from './rabbitmq-server.ts'

const policyFile = '/usr/sbin/policy-rc.d'
const patience = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']

const advice =
  'No RabbitMQ was found: install rabbitmq-server, start a container engine, or set RABBITMQ_URL to a running broker.'

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function brokersAndDaemons(): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const name = await readFile(`/proc/${entry}/comm`, 'utf8').catch(() => '')
    if (/^(epmd|beam\.smp)$/.test(name.trim())) found.push(Number(entry))
  }
  return found
}

// A package's service starts with its installation unless this file forbids it.
async function withoutServices(install: () => Promise<void>): Promise<void> {
  const hadPolicy = await exists(policyFile)
  if (!hadPolicy) await writeFile(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await install()
  } finally {
    if (!hadPolicy) await rm(policyFile, { force: true })
  }
}

/**
 * Installs Debian's or Ubuntu's rabbitmq-server and returns its folder of programs. No broker or daemon that the
 * installation started stays running. Rejects with what to do where it cannot install.
 */
export async function installRabbitMq(options: RabbitMqOptions): Promise<string> {
  if (process.getuid?.() !== 0 || !(await exists('/usr/bin/apt-get'))) throw new Error(advice)
  options.log?.('Installing rabbitmq-server with apt-get, once; this takes a minute')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const before = await brokersAndDaemons()
  try {
    await withoutServices(async () => {
      // An old list of packages may do; only the installation's own failure counts.
      await runProgram('apt-get', ['update', '-qq', ...patience], { cwd: '/', env, signal: options.signal })
      const install = ['install', '-y', '-qq', '--no-install-recommends', ...patience, 'rabbitmq-server']
      // Never cut short, which could leave the machine's packages half installed.
      const result = await runProgram('apt-get', install, { cwd: '/', env })
      if (result.end !== 'exit code 0') {
        throw new Error(`${advice} Installing it with apt-get failed with ${complaint(result)}`)
      }
    })
  } finally {
    const started = (await brokersAndDaemons()).filter((pid) => !before.includes(pid))
    for (const pid of started) signalIfAlive(pid, 'SIGTERM')
  }
  options.signal?.throwIfAborted()
  const programs = await machineRabbitMq()
  if (!programs) throw new Error(advice)
  return programs
}
