import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { root } from './test-files.ts'

/** Names the file to which each worker adds a line `["path", seconds]` when it has run a test file. */
export const durationsVariable = 'ORDER_SAGA_TEST_DURATIONS'

/** Seconds, or something else, by path. */
export type Durations<T = number> = Readonly<Record<string, T>>

const kept = `${root}.local/test-durations.json`

/** Each file's last duration on this machine; none when nothing was run yet. */
export async function lastDurations(): Promise<Durations> {
  const text = await readFile(kept, 'utf8').catch(() => '{}')
  return JSON.parse(text) as Durations
}

/** Keeps the durations of this run, the longest first, beside the last ones of files that were not part of it. */
export async function keepDurations(durations: Durations): Promise<void> {
  await mkdir(`${root}.local`, { recursive: true })
  const all = Object.entries({ ...(await lastDurations()), ...durations })
  const sorted = all.toSorted(([, one], [, other]) => other - one)
  await writeFile(kept, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`)
}

/** Reads the durations that the workers wrote. */
export async function readDurations(file: string): Promise<Durations> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
  return Object.fromEntries(lines.map((line) => JSON.parse(line) as [string, number]))
}
