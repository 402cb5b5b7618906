import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../src/free-port.ts'
import { isRunning } from '../src/process-tree.ts'
import { RunFolder } from '../src/run-folder.ts'
import { readRunState } from '../src/run-state.ts'
import type { RunState } from '../src/run-state.ts'
import { processNames } from '../src/service-plan.ts'
import { waitUntil } from '../src/wait-until.ts'

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

/** A folder with fake services, in which `make up` is run. */
export class FakeServices {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  // Guarded, so that a test run that is interrupted leaves neither the folder nor what runs in it.
  readonly #folder: RunFolder

  private constructor(folder: RunFolder, env: NodeJS.ProcessEnv) {
    this.#folder = folder
    this.folder = folder.path
    this.env = env
  }

  static async create(env: NodeJS.ProcessEnv): Promise<FakeServices> {
    const runFolder = await RunFolder.create('test')
    const folder = runFolder.path
    // PostgreSQL, which does not run as root, must reach the folder of temporary files.
    await chmod(folder, 0o711)
    await mkdir(join(folder, 'tmp'))
    await chmod(join(folder, 'tmp'), 0o1777)
    for (const name of processNames) {
      await writeFile(join(folder, `${name}.mjs`), `import ${JSON.stringify(fixture('service.mjs'))}\n`)
    }
    await writeFile(join(folder, 'migration.mjs'), "console.log('[migrate] done')\n")
    await writeFile(join(folder, 'notes'), '')
    const ports: NodeJS.ProcessEnv = {}
    for (const name of ['PORT', 'INVENTORY_PORT', 'CONSOLE_PORT']) ports[name] = String(await freePort())
    return new FakeServices(runFolder, {
      PATH: process.env['PATH'],
      TMPDIR: join(folder, 'tmp'),
      ...ports,
      ...env,
      FAKE_SERVICES_FOLDER: folder,
    })
  }

  /** The temporary folders of the run's servers. */
  serverFolders(): string[] {
    return readdirSync(join(this.folder, 'tmp')).filter((name) => name.startsWith('order-saga-'))
  }

  get localFolder(): string {
    return join(this.folder, 'local')
  }

  /** The notes of the fake services, line by line. */
  async notes(): Promise<string[]> {
    return (await readFile(join(this.folder, 'notes'), 'utf8')).trim().split('\n')
  }

  run(env: NodeJS.ProcessEnv = {}): Promise<UpRun> {
    return this.#recorded(new UpRun(this, { ...this.env, ...env }, [process.execPath]))
  }

  /** Under a process that takes make's place; the signals of the run go to that one. */
  runUnderMake(): Promise<UpRun> {
    const command: [string, ...string[]] = ['/bin/sh', '-c', '"$0" "$@"; :', process.execPath]
    return this.#recorded(new UpRun(this, { ...this.env, MAKELEVEL: '1' }, command))
  }

  remove(): Promise<void> {
    return this.#folder.remove()
  }

  async #recorded(run: UpRun): Promise<UpRun> {
    await this.#folder.record(run.process.pid!, 'TERM')
    return run
  }
}

/** One `make up` in a process of its own. */
export class UpRun {
  readonly process: ChildProcess
  readonly exitCode: Promise<number | null>
  readonly #fakes: FakeServices
  #output = ''

  constructor(fakes: FakeServices, env: NodeJS.ProcessEnv, [command, ...args]: [string, ...string[]]) {
    this.#fakes = fakes
    args.push('--conditions=source', '--import', 'tsx', fixture('up.ts'))
    // A group of its own, as a terminal gives it: Ctrl-C reaches all of the group.
    this.process = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString()
      })
    }
    this.exitCode = once(this.process, 'close').then(([code]) => (typeof code === 'number' ? code : null))
  }

  get output(): string {
    return this.#output
  }

  get state(): Promise<RunState | undefined> {
    return readRunState(this.#fakes.localFolder)
  }

  /** Resolves when the output matches, with the match; rejects with the output when it does not in time. */
  saying(pattern: RegExp): Promise<RegExpExecArray> {
    const what = `make up to say ${pattern}`
    return waitUntil(() => pattern.exec(this.#output) ?? undefined, {
      what,
      limitMs: 30_000,
      state: () => this.#output,
    })
  }

  async pidOf(name: string): Promise<number> {
    const find = async (): Promise<number | undefined> =>
      (await this.state)?.processes.find((process) => process.name === name)?.pid
    return waitUntil(find, { what: `${name} to run`, limitMs: 20_000, state: () => this.#output })
  }

  /** Sends the signal to the whole group, as a terminal does. */
  signal(name: NodeJS.Signals): void {
    process.kill(-this.process.pid!, name)
  }

  /** Ends the run however it stands, for the end of a test. */
  async end(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM')
    const limit = setTimeout(() => this.process.kill('SIGKILL'), 15_000)
    await this.exitCode
    clearTimeout(limit)
  }
}

/** Resolves when nothing is left of the processes and of what the run keeps in its folder. */
export async function nothingLeft(fakes: FakeServices, pids: number[]): Promise<void> {
  const left = (): string[] => [
    ...pids.filter(isRunning).map((pid) => `process ${pid}`),
    ...(existsSync(fakes.localFolder) ? readdirSync(fakes.localFolder) : []),
    ...fakes.serverFolders(),
  ]
  await waitUntil(() => left().length === 0, { what: 'nothing to be left', limitMs: 15_000, state: left })
}
