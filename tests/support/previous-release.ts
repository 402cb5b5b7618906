import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { ServiceName } from '@order-saga/contracts'
import { testServers } from '@order-saga/dev'
import type { RunFolder } from '../../tools/dev/src/run-folder.ts'
import { root } from './runner/test-files.ts'
import type { Environment, Program } from './service-process.ts'

const run = promisify(execFile)
/** The commit of release 0.1.0, from which users upgrade. */
export const previousCommit = '9d2666d'
/** Runs TypeScript; by its address, because the processes run in other folders. */
const loader = pathToFileURL(`${root}node_modules/tsx/dist/loader.mjs`).href

/**
 * Unpacks the sources of the previous release and installs its packages.
 * @returns the program of each of its services
 * @throws Error when this clone does not contain the commit, or npm cannot install
 */
export async function previousRelease({ path }: RunFolder): Promise<(service: ServiceName) => Program> {
  const archive = join(path, 'previous.tar')
  const contents = ['package.json', 'package-lock.json', 'services']
  await run('git', ['-C', root, 'archive', `--output=${archive}`, previousCommit, ...contents])
  await run('tar', ['-xf', archive, '-C', path])
  await run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: path })
  return (service) => ({
    file: join(path, 'services', service, 'src/main.ts'),
    nodeArguments: ['--conditions=source', `--import=${loader}`],
  })
}

/** Its processes log in as the owner of their database: its code needs rights that no role of today has. */
export async function previousLogin(): Promise<Environment> {
  const { user, password } = await testServers().postgres()
  return { DB_USER: user, DB_PASSWORD: password }
}
