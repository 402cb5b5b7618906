import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { services } from '@order-saga/contracts'
import type { Verdict } from './check-history.ts'
import type { Fault } from './faults.ts'
import type { History } from './history.ts'
import type { ChaosEnvironment } from './chaos-environment.ts'

const local = fileURLToPath(new URL('../../.local/', import.meta.url))

export interface ChaosReport {
  readonly name: string
  readonly faults: readonly Fault[]
  readonly history: History
  readonly verdict: Verdict
  readonly environment: ChaosEnvironment
}

/** Writes schedule, history, verdict and the latest log lines of each service for a failed run. @returns the folder */
export async function writeReport({ name, faults, history, verdict, environment }: ChaosReport): Promise<string> {
  const folder = join(local, name)
  await mkdir(folder, { recursive: true })
  const write = async (file: string, content: unknown): Promise<void> =>
    await writeFile(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content, plain, 1))
  await write('schedule.json', faults)
  await write('verdict.json', verdict)
  await write('history.json', history)
  for (const service of services) await write(`${service}.log`, environment.system.services[service].log.join('\n'))
  return folder
}

/** A replacer that converts maps and sets for JSON. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value)
  return value instanceof Set ? [...value] : value
}
