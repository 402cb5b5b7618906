import { readFile } from 'node:fs/promises'
import { descendants } from '@order-saga/dev'

/** Of `/proc/<pid>/stat`; Linux counts CPU time in hundredths of a second for every program. */
const msPerTick = 10

/** A part of the system: one process, or a server with all its children. */
export interface Part {
  readonly name: string
  readonly pid: number
  readonly withChildren: boolean
}

export interface Usage {
  /** CPU time of all its life, user and system. */
  readonly cpuMs: number
  readonly residentMiB: number
  /** Shared pages divided among those that share them; what the parts have together is their sum. */
  readonly proportionalMiB: number
}

/** What each part has used and holds now. Needs Linux. */
export async function usageOf(parts: readonly Part[]): Promise<Record<string, Usage>> {
  const used = await Promise.all(
    parts.map(async ({ name, pid, withChildren }) => {
      const pids = withChildren ? [pid, ...(await descendants(pid))] : [pid]
      const all = await Promise.all(pids.map(usageOfProcess))
      const sum = (field: keyof Usage): number => all.reduce((total, usage) => total + usage[field], 0)
      return [
        name,
        { cpuMs: sum('cpuMs'), residentMiB: sum('residentMiB'), proportionalMiB: sum('proportionalMiB') },
      ] as const
    }),
  )
  return Object.fromEntries(used)
}

async function usageOfProcess(pid: number): Promise<Usage> {
  const [stat, rollup, status] = await Promise.all(
    // A child may end at any time.
    ['stat', 'smaps_rollup', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
  )
  // The name in parentheses may itself hold spaces and parentheses.
  const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ')
  return {
    // utime and stime; a server's children that have ended are in cutime and cstime of their parent.
    cpuMs: [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0) * msPerTick,
    residentMiB: kibOf(status, 'VmRSS') / 1024,
    proportionalMiB: kibOf(rollup, 'Pss') / 1024,
  }
}

function kibOf(text: string | undefined, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text ?? '')?.[1] ?? 0)
}

/** Bytes that have passed the loopback interface: all of the machine's, so nothing else may use it much. */
export async function loopbackBytes(): Promise<number> {
  const line = (await readFile('/proc/net/dev', 'utf8')).split('\n').find((text) => text.trim().startsWith('lo:'))
  return Number(line?.trim().split(/\s+/)[1] ?? 0)
}
