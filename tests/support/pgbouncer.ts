import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { messageOf } from '@order-saga/chassis'
import { type PostgresServer, waitUntil } from '@order-saga/dev'
import { unprivilegedAccount } from '../../tools/dev/src/account.ts'
import { aptInstall, exists } from '../../tools/dev/src/apt.ts'
import { Child } from '../../tools/dev/src/child-process.ts'
import { freePort } from '../../tools/dev/src/free-port.ts'
import { RunFolder } from '../../tools/dev/src/run-folder.ts'

const program = '/usr/sbin/pgbouncer'

export interface PgBouncer {
  readonly port: number
  stop(): Promise<void>
}

export type PoolMode = 'session' | 'transaction' | 'statement'

/** Installs Debian's PgBouncer where it is missing. @returns false where that is not possible */
export async function installPgBouncer(): Promise<boolean> {
  if (!(await exists(program))) {
    await aptInstall('pgbouncer', { advice: 'No PgBouncer was found.' }).catch((error: unknown) => {
      process.stderr.write(`${messageOf(error)} Tests with PgBouncer are skipped.\n`)
    })
  }
  return await exists(program)
}

/** A PgBouncer in front of the server. `lines` are further lines of its configuration. */
export async function startPgBouncer(
  server: PostgresServer,
  mode: PoolMode,
  lines: readonly string[] = [],
): Promise<PgBouncer> {
  const account = await unprivilegedAccount()
  const folder = await RunFolder.create('pgbouncer', account)
  const port = await freePort()
  const users = join(folder.path, 'users.txt')
  const settings = join(folder.path, 'pgbouncer.ini')
  await writeFile(users, `"${server.user}" "${server.password}"\n`)
  await writeFile(
    settings,
    [
      '[databases]',
      `* = host=127.0.0.1 port=${server.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = scram-sha-256',
      `auth_file = ${users}`,
      `pool_mode = ${mode}`,
      ...lines,
      '',
    ].join('\n'),
  )
  const child = await Child.start(program, [settings], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'] },
    stdio: 'ignore',
    uid: account?.uid,
    gid: account?.gid,
  })
  await folder.record(child.pid, 'KILL')
  const stop = async (): Promise<void> => {
    await child.end('SIGTERM', 5_000)
    await folder.remove()
  }
  try {
    await waitUntil(async () => (child.running ? await accepts(port) : Promise.reject(new Error(await child.exited))), {
      what: 'PgBouncer to accept connections',
      limitMs: 20_000,
    })
    return { port, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
