import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/**
 * Runs a program of this folder to its end, in a process of its own, so that what it does takes no time from what
 * measures it. It gets its plan as JSON and prints its result as one line of JSON; other lines are told as they come.
 */
export async function runChild<T>(
  file: string,
  plan: object,
  onLine: (line: string, pid: number) => void = () => undefined,
): Promise<T> {
  const program = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=source', '--import=tsx', program, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let result: T | undefined
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('{')) result = JSON.parse(line) as T
      else onLine(line, child.pid ?? 0)
    }
  } finally {
    child.kill()
    await exited
  }
  if (result === undefined) throw new Error(`${file} ended without a result.`)
  return result
}
