import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

/** Runs the program of `make simulate`. Time is simulated for a whole process, so it is one of its own. */
export async function runSimulation(settings: Record<string, string>): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, ['--conditions=source', '--import=tsx', main], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, output }
}
