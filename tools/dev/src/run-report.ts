import { isRunning } from './process-tree.ts'
import { readRunState } from './run-state.ts'
import type { ProcessState } from './run-state.ts'
import { isReady } from './service-process.ts'

/** The output of a command, and its exit code. */
export interface Report {
  lines: string[]
  message?: string
  exitCode: number
}

const nothingRuns = 'Nothing runs: start it with make up.'

/** A value as one word of a POSIX shell. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`
}

/** The addresses of the run in that folder as shell assignments, and nothing else. */
export async function addressReport(localFolder: string): Promise<Report> {
  const state = await readRunState(localFolder)
  const lines = Object.entries(state?.addresses ?? {}).map(([name, value]) => `${name}=${quoted(value)}`)
  if (lines.length > 0) return { lines, exitCode: 0 }
  const message = state ? 'It is still starting: try again when make up says that everything runs.' : nothingRuns
  return { lines, message, exitCode: 1 }
}

async function stateOf({ pid, opsUrl }: ProcessState): Promise<string> {
  if (pid === undefined || !isRunning(pid)) return 'not running'
  if (opsUrl === undefined) return 'running'
  return (await isReady(opsUrl).catch(() => false)) ? 'ready' : 'not ready'
}

/** A line per process of the run in that folder: name, pid, state. */
export async function processReport(localFolder: string): Promise<Report> {
  const processes = (await readRunState(localFolder))?.processes ?? []
  const states = await Promise.all(processes.map(stateOf))
  const lines = processes.map(({ name, pid }, index) =>
    [name.padEnd(12), String(pid ?? '-').padEnd(8), states[index]].join(' '),
  )
  const none = states.every((state) => state === 'not running')
  return { lines, exitCode: none ? 1 : 0, ...(none && { message: nothingRuns }) }
}

/** Prints a report and sets the exit code of this process. */
export function print({ lines, message, exitCode }: Report): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
  if (message !== undefined) process.stderr.write(`${message}\n`)
  process.exitCode = exitCode
}
