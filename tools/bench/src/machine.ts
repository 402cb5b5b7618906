import { readFile } from 'node:fs/promises'
import { descendants } from '@order-saga/dev'

/** Unit of CPU times in `/proc/<pid>/stat` (proc(5), USER_HZ = 100). */
const msPerTick = 10

/** A component of the system: one process, or a server with its child processes. */
export interface Part {
  readonly name: string
  readonly pid: number
  readonly withChildren: boolean
}

export interface Usage {
  /** CPU time since its start, user and system. */
  readonly cpuMs: number
  readonly residentMiB: number
  /** Proportional set size: shared pages are divided among their users, so the values can be added. */
  readonly proportionalMiB: number
}

/** Reads CPU time and memory of each part. Linux only. */
export async function readUsage(parts: readonly Part[]): Promise<Record<string, Usage>> {
  const used = await Promise.all(
    parts.map(async ({ name, pid, withChildren }) => {
      const pids = withChildren ? [pid, ...(await descendants(pid))] : [pid]
      const all = await Promise.all(pids.map(readProcessUsage))
      const sum = (field: keyof Usage): number => all.reduce((total, usage) => total + usage[field], 0)
      return [
        name,
        { cpuMs: sum('cpuMs'), residentMiB: sum('residentMiB'), proportionalMiB: sum('proportionalMiB') },
      ] as const
    }),
  )
  return Object.fromEntries(used)
}

async function readProcessUsage(pid: number): Promise<Usage> {
  const [stat, rollup, status] = await Promise.all(
    // A child process may exit at any time.
    ['stat', 'smaps_rollup', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
  )
  // The name in parentheses may itself contain spaces and parentheses.
  const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ')
  return {
    // utime and stime; cutime and cstime of the server include its exited children.
    cpuMs: [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0) * msPerTick,
    residentMiB: kibOf(status, 'VmRSS') / 1024,
    proportionalMiB: kibOf(rollup, 'Pss') / 1024,
  }
}

function kibOf(text: string | undefined, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text ?? '')?.[1] ?? 0)
}

/** Bytes received on the loopback interface, including those of other programs. */
export async function loopbackBytes(): Promise<number> {
  const line = (await readFile('/proc/net/dev', 'utf8')).split('\n').find((text) => text.trim().startsWith('lo:'))
  return Number(line?.trim().split(/\s+/)[1] ?? 0)
}
