import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A user of this machine a child process may run as. */
export interface Account {
  name: string
  uid: number
  gid: number
}

async function findAccount(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
    return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}

/**
 * The account to start PostgreSQL as, which refuses to run as root: undefined, that is the present one, unless this
 * process is root.
 */
export async function unprivilegedAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const account = (await findAccount('postgres')) ?? (await findAccount('nobody'))
  if (!account) {
    throw new Error(
      'PostgreSQL does not run as root: create the user postgres (useradd --system postgres) and try again.',
    )
  }
  return account
}

/** True when the account may enter the folder and all above it, so that it can use files in there. */
export async function reachableBy(folder: string, account: Account | undefined): Promise<boolean> {
  if (!account) return true
  for (let path = folder; ; path = dirname(path)) {
    const { mode, uid, gid } = await stat(path)
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    if (!(mode & bit)) return false
    if (path === dirname(path)) return true
  }
}
