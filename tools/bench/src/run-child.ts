import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/**
 * Runs a program of this folder in a process of its own, so that it does not block the measuring process. It gets its plan
 * as JSON and prints its result as one line of JSON; `onLine` is called for other lines.
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
  if (result === undefined) throw new Error(`${file} exited without a result.`)
  return result
}
