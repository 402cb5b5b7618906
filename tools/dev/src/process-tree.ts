import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { errorCode } from './error-code.ts'

const run = promisify(execFile)

async function parents(): Promise<Map<number, number>> {
  const known = new Map<number, number>()
  if (process.platform === 'linux') {
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue
      const status = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => undefined)
      // The name in parentheses may itself hold spaces and parentheses; after the last one come state and parent.
      const parent = status?.slice(status.lastIndexOf(')') + 2).split(' ')[1]
      if (parent) known.set(Number(entry), Number(parent))
    }
    return known
  }
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid='])
  for (const line of stdout.trim().split('\n')) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number)
    if (pid !== undefined && parent !== undefined) known.set(pid, parent)
  }
  return known
}

/**
 * The process ids of all children of a process, their children included. Not pidtree: on Linux it needs the program `ps`,
 * which slim images do not have.
 */
export async function descendants(pid: number): Promise<number[]> {
  const known = await parents()
  const found = [pid]
  for (const ancestor of found) {
    for (const [child, parent] of known) if (parent === ancestor && !found.includes(child)) found.push(child)
  }
  return found.slice(1)
}

/** True when a process of that id exists, be it another user's, and has not ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
  if (process.platform !== 'linux') return true
  try {
    // One that only waits for its parent to notice its end, a zombie, has ended.
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return status.slice(status.lastIndexOf(')') + 2)[0] !== 'Z'
  } catch {
    return false
  }
}

/** When a running process started, in a form that only distinguishes it from another process with the same id. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (!isRunning(pid)) return undefined
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
    return status.slice(status.lastIndexOf(')') + 2).split(' ')[19]
  }
  const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout.trim() || undefined
}

/** Sends the signal; a process that has ended meanwhile is no error. */
export function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error
  }
}
