import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../support/runner/test-files.ts'

const run = promisify(execFile)
const scope = '@order-saga'

/** The sources as they are in the working tree, also what is not committed, in a temporary folder that mutants may change. */
export class WorkingCopy {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(): Promise<WorkingCopy> {
    const copy = new WorkingCopy(await mkdtemp(join(tmpdir(), 'order-saga-mutants-')))
    await copy.#fill().catch(async (error: unknown) => {
      await copy.remove()
      throw error
    })
    return copy
  }

  async #fill(): Promise<void> {
    const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      maxBuffer: 64 * 1024 * 1024,
    })
    const files = stdout.split('\0').filter((file) => file !== '')
    for (const file of files) {
      // A file that is deleted and not committed is still listed.
      await cp(`${root}${file}`, join(this.folder, file)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
    }
    const packages = files.filter((file) => /(^|\/)package\.json$/.test(file)).map(dirname)
    for (const folder of packages) await linkModules(folder, this.folder)
  }

  /** Compiles the programs that system tests start. @throws Error with the compiler's messages */
  async build(): Promise<void> {
    await run('npm', ['run', '--silent', 'build'], { cwd: this.folder }).catch(
      ({ stdout, stderr }: { stdout: string; stderr: string }) => {
        throw new Error(`It does not compile. ${stdout}${stderr}`)
      },
    )
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Links every installed package, but the packages of the repository to those of the copy. */
async function linkModules(folder: string, copy: string): Promise<void> {
  const from = `${root}${folder}/node_modules`
  const to = join(copy, folder, 'node_modules')
  const names = await readdir(from).catch(() => [])
  if (names.length > 0) await mkdir(join(to, scope), { recursive: true })
  for (const name of names.filter((each) => each !== scope)) await symlink(`${from}/${name}`, `${to}/${name}`)
  for (const name of await readdir(`${from}/${scope}`).catch(() => [])) {
    await symlink(await readlink(`${from}/${scope}/${name}`), `${to}/${scope}/${name}`)
  }
}
