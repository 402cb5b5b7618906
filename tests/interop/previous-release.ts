import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))

/** The last commit whose consumers dead-letter every reason and version that they do not know. */
const commit = '3ec1f69'

export interface PreviousRelease {
  readonly folder: URL
  remove(): Promise<void>
}

/**
 * Compiles the services of the previous release, with the installed packages of this one.
 * @throws Error when this clone does not contain its commit
 */
export async function buildPreviousRelease(): Promise<PreviousRelease> {
  const folder = await mkdtemp(join(tmpdir(), 'order-saga-previous-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await run('git', ['-C', root, 'archive', `--output=${folder}.tar`, commit])
    await run('tar', ['-xf', `${folder}.tar`, '-C', folder])
    await rm(`${folder}.tar`)
    await linkPackages(folder)
    const projects = ['order', 'payment', 'inventory', 'notification'].map((name) => `services/${name}`)
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...projects], { cwd: folder })
    return { folder: pathToFileURL(`${folder}/`), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** The packages of the registry are the installed ones, those of the repository the release's own. */
async function linkPackages(folder: string): Promise<void> {
  const packages = join(folder, 'node_modules')
  await mkdir(join(packages, '@order-saga'), { recursive: true })
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '@order-saga' && !name.startsWith('.'))
      await symlink(join(root, 'node_modules', name), join(packages, name))
  }
  const own = [
    'packages/contracts',
    'packages/chassis',
    'services/order',
    'services/payment',
    'services/inventory',
    'services/notification',
  ]
  for (const path of own) {
    await symlink(join(folder, path), join(packages, '@order-saga', path.split('/')[1] ?? ''))
    // npm keeps a second version of a package there.
    const nested = join(root, path, 'node_modules')
    if (existsSync(nested)) await symlink(nested, join(folder, path, 'node_modules'))
  }
}
