import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { services } from '@order-saga/contracts'
import type { Verdict } from './check-history.ts'
import type { Fault } from './faults.ts'
import type { History } from './history.ts'
import type { Stage } from './stage.ts'

const local = fileURLToPath(new URL('../../.local/', import.meta.url))

export interface Findings {
  readonly name: string
  readonly faults: readonly Fault[]
  readonly history: History
  readonly verdict: Verdict
  readonly stage: Stage
}

/** Keeps what is needed to understand a failed run: schedule, history, verdict, and the newest lines of each log. */
export async function keepReport({ name, faults, history, verdict, stage }: Findings): Promise<string> {
  const folder = join(local, name)
  await mkdir(folder, { recursive: true })
  const keep = async (file: string, content: unknown): Promise<void> =>
    await writeFile(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content, plain, 1))
  await keep('schedule.json', faults)
  await keep('verdict.json', verdict)
  await keep('history.json', history)
  for (const service of services) await keep(`${service}.log`, stage.system.services[service].log.join('\n'))
  return folder
}

/** Maps and sets as JSON. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value)
  return value instanceof Set ? [...value] : value
}
