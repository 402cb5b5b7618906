import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './account.ts'
import { programEnvironment } from './environment.ts'
import { freePort } from './free-port.ts'
import { embeddedPostgres, machinePostgres } from './postgres-binaries.ts'
import type { RunFolder } from './run-folder.ts'

const run = promisify(execFile)

export interface InstallOptions {
  /** Aborting it during the start makes the start reject, with nothing left behind. */
  signal?: AbortSignal | undefined
  /** Use only the machine's own server, or only the one from npm; by default the first of them that exists. */
  binaries?: 'machine' | 'embedded' | undefined
}

/** A data folder and the programs for it. */
export interface PostgresInstallation {
  folder: RunFolder
  programs: string
  account: Account | undefined
  password: string
  port: number
}

/** Finds the programs and makes a data folder in `folder`, both usable by `account`. Rejects with one sentence. */
export async function installPostgres(
  folder: RunFolder,
  account: Account | undefined,
  options: InstallOptions,
): Promise<PostgresInstallation> {
  const onMachine = options.binaries === 'embedded' ? undefined : await machinePostgres(account)
  if (!onMachine && options.binaries === 'machine')
    throw new Error('No PostgreSQL server is on this machine: install one.')
  const programs = onMachine ?? (await embeddedPostgres(folder.path))
  const password = randomBytes(12).toString('hex')
  const own = join(folder.path, 'postgres')
  await mkdir(own, { mode: 0o700 })
  const passwordFile = join(own, 'password')
  await writeFile(passwordFile, password)
  if (account) await Promise.all([own, passwordFile].map((path) => chown(path, account.uid, account.gid)))
  // No sync: this data need not survive a power cut, and the server itself runs with fsync on.
  const args = ['-D', join(own, 'data'), '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  await run(join(programs, 'initdb'), [...args, '--encoding=UTF8', '--no-locale', '--no-sync'], {
    cwd: own,
    env: programEnvironment(own),
    ...(account && { uid: account.uid, gid: account.gid }),
    ...(options.signal && { signal: options.signal }),
  }).catch((error: Error & { stderr?: string }) => {
    options.signal?.throwIfAborted()
    throw new Error(`PostgreSQL's initdb failed: ${error.stderr?.trim() || error.message}`)
  })
  await rm(passwordFile)
  return { folder, programs, account, password, port: await freePort() }
}
