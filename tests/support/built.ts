import { readdir, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { ServiceName } from '@order-saga/contracts'

const root = new URL('../../', import.meta.url)

/** A process of the system: a service, or the console. */
export type ProcessName = ServiceName | 'console'

/** The program of a process, as `npm run build` makes it. */
export function programOf(name: ProcessName): string {
  const program = name === 'console' ? 'operations/dist/console-main.js' : `${name}/dist/main.js`
  return fileURLToPath(new URL(`services/${program}`, root))
}

/** @throws Error with one sentence when a program is missing, or a source is newer than what was built of it */
export async function assertBuilt(services: readonly (ServiceName | 'operations')[]): Promise<void> {
  for (const folder of [...services.map((name) => `services/${name}`), 'packages/chassis', 'packages/contracts']) {
    const built = await stat(new URL(`${folder}/dist/.tsbuildinfo`, root)).catch(() => undefined)
    const newest = await newestIn(new URL(`${folder}/src/`, root))
    if (built === undefined || built.mtimeMs < newest) {
      const failure = built === undefined ? 'is not built' : 'has changed since it was built'
      throw new Error(`${folder} ${failure}: run npm run build before the system tests.`)
    }
  }
}

async function newestIn(folder: URL): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const sources = files.filter((file) => file.isFile() && file.name.endsWith('.ts'))
  const times = await Promise.all(sources.map(async (file) => (await stat(`${file.parentPath}/${file.name}`)).mtimeMs))
  return Math.max(...times)
}
