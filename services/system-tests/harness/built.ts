import { readdir, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { ServiceName } from '@order-saga/contracts'

const packages = new URL('../../', import.meta.url)

/** The program of a service, as `npm run build` makes it. */
export function programOf(service: ServiceName): string {
  return fileURLToPath(new URL(`${service}/dist/main.js`, packages))
}

/** @throws Error with one sentence when a program is missing, or a source is newer than what was built of it */
export async function assertBuilt(services: readonly ServiceName[]): Promise<void> {
  for (const name of [...services, 'chassis', 'contracts']) {
    const built = await stat(new URL(`${name}/dist/.tsbuildinfo`, packages)).catch(() => undefined)
    const newest = await newestIn(new URL(`${name}/src/`, packages))
    if (built === undefined || built.mtimeMs < newest) {
      const trouble = built === undefined ? 'is not built' : 'has changed since it was built'
      throw new Error(`services/${name} ${trouble}: run npm run build before the system tests.`)
    }
  }
}

async function newestIn(folder: URL): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const sources = files.filter((file) => file.isFile() && file.name.endsWith('.ts'))
  const times = await Promise.all(sources.map(async (file) => (await stat(`${file.parentPath}/${file.name}`)).mtimeMs))
  return Math.max(...times)
}
