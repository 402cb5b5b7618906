import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Building promtool, the largest of the Go tools, takes five minutes on two cores. */
const limitMs = 900_000

/** @throws Error when the program is missing or runs for more than 15 minutes; a non-zero exit code is a result. */
export function run(command: string, args: readonly string[], input?: string): Outcome {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    input: input ?? '',
    maxBuffer: 1 << 28,
    timeout: limitMs,
  })
  if (error !== undefined) throw new Error(`${command} could not run: ${error.message}`)
  return { code: status ?? 1, out: stdout, err: stderr }
}

/**
 * @returns the standard output
 * @throws Error with the program's output when the exit code is not 0
 */
export function must(command: string, args: readonly string[], input?: string): string {
  const { code, out, err } = run(command, args, input)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed with exit code ${code}:\n${err}${out}`)
  return out
}

/** @returns the installed ones of Helm 4 and Helm 3; throws when there is none */
export function helms(): string[] {
  const found = ['helm', 'helm3'].filter((name) => onPath(name) !== undefined)
  if (found.length === 0) throw new Error('Helm is missing: install Helm 3 or 4 and put it on PATH.')
  return found
}

export function onPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
