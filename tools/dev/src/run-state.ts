import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode } from './error-code.ts'
import { isRunning, startOf } from './process-tree.ts'

/** One process of a run, as `make status` shows it. */
export interface ProcessState {
  name: string
  pid?: number | undefined
  /** For a service: where it says whether it is ready. */
  opsUrl?: string | undefined
}

/** The data about this checkout's run for other commands. */
export interface RunState {
  /** The process in charge of the run. */
  pid: number
  /** Distinguishes the process from a later one with the same id. */
  startOfPid?: string | undefined
  /** Shell variables and their values; empty until everything is up. */
  addresses: Record<string, string>
  processes: ProcessState[]
}

async function parse(file: string): Promise<RunState | undefined> {
  try {
    const state: RunState = JSON.parse(await readFile(file, 'utf8'))
    return state
  } catch (error) {
    // Gone, or cut short by a machine that went down: either way nothing that runs.
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The state of the run that goes on in this checkout; undefined when none does. */
export async function readRunState(folder: string): Promise<RunState | undefined> {
  const state = await parse(join(folder, 'state.json'))
  if (state === undefined) return undefined
  return (await startOf(state.pid)) === state.startOfPid ? state : undefined
}

// A link is made whole or not at all, and never over a file that exists.
async function linked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Removes the folders of runs that ended with their machine, when nothing could clean up after them. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^(?:up|demo)-(\d+)$/.exec(name)?.[1]
    if (pid && !isRunning(Number(pid))) await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** The one file by which a run makes itself known in its checkout, and keeps a second one out. */
export class RunStateFile {
  readonly #file: string
  readonly #state: RunState
  #written: Promise<void> = Promise.resolve()

  private constructor(file: string, state: RunState) {
    this.#file = file
    this.#state = state
  }

  /** Rejects with one sentence when a run goes on in this checkout; what a dead one left is replaced. */
  static async claim(folder: string): Promise<RunStateFile> {
    await mkdir(folder, { recursive: true })
    const file = join(folder, 'state.json')
    const state: RunState = {
      pid: process.pid,
      startOfPid: await startOf(process.pid),
      addresses: {},
      processes: [],
    }
    // A name of its own: two claims of one process would remove each other's draft.
    const draft = `${file}.${randomUUID()}`
    await writeFile(draft, JSON.stringify(state), { mode: 0o600 })
    try {
      while (!(await linked(draft, file))) {
        const running = await readRunState(folder)
        if (running) {
          throw new Error(`It already runs in this checkout, pid ${running.pid}: see make status, or stop it first.`)
        }
        await rm(file, { force: true })
      }
    } finally {
      await rm(draft, { force: true })
    }
    return new RunStateFile(file, state)
  }

  /** Makes known what has changed. Writes are whole and in order: a reader never sees half a state. */
  update(change: Partial<Pick<RunState, 'addresses' | 'processes'>>): Promise<void> {
    Object.assign(this.#state, change)
    this.#written = this.#write(this.#written)
    return this.#written
  }

  async #write(previous: Promise<void>): Promise<void> {
    await previous
    const next = `${this.#file}.next`
    await writeFile(next, JSON.stringify(this.#state), { mode: 0o600 })
    await rename(next, this.#file)
  }

  async release(): Promise<void> {
    await this.#written
    await rm(this.#file, { force: true })
    // Another run, a demo, may be at work in there.
    await rmdir(dirname(this.#file)).catch(() => undefined)
  }
}
