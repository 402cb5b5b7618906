import { AsyncLocalStorage } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'
import timersPromises from 'node:timers/promises'

/** A process of the simulated system. Its actions after it was killed have no effect. */
export interface Owner {
  readonly name: string
  readonly isDead: boolean
}

interface Timer {
  readonly number: number
  readonly owner: Owner | undefined
  readonly run: () => void
  readonly everyMs: number | undefined
  at: number
}

/** Whose code is running. */
export const running = new AsyncLocalStorage<Owner>()

const real = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, random: Math.random }
const realTimeLimit = AbortSignal.timeout.bind(AbortSignal)
const realDelay = timersPromises.setTimeout

/** Restores the real time and random numbers of the Node.js process. */
export function backToReality(): void {
  const { random, ...timers } = real
  Object.assign(globalThis, timers)
  Object.assign(timersPromises, { setTimeout: realDelay })
  syncBuiltinESMExports()
  AbortSignal.timeout = realTimeLimit
  Math.random = random
}

/** Lets all promises that are settled have their consequences. */
export async function quiet(): Promise<void> {
  await new Promise<void>((resolve) => real.setImmediate(resolve))
}

/** Waits on the real clock: for a server outside the simulation, never for anything in it. */
export function realTimeout(ms: number): Promise<void> {
  return new Promise((resolve) => real.setTimeout(resolve, ms))
}

/**
 * A clock that moves only by `advance`. The timers of the whole Node.js process live in it once it is installed. Not
 * @sinonjs/fake-timers: here a timer belongs to the simulated process that set it, runs in its async context and is dropped
 * with it, and immediates are run apart from timers.
 */
export class VirtualTime {
  #now: number
  #numbers = 0
  readonly #timers = new Map<number, Timer>()
  #immediates: { owner: Owner | undefined; run: () => void }[] = []

  constructor(startAt: Date) {
    this.#now = startAt.getTime()
  }

  get now(): Date {
    return new Date(this.#now)
  }

  /** When the next timer is due; undefined when there is none. */
  get nextDue(): number | undefined {
    let next: number | undefined
    for (const { at, owner, number } of this.#timers.values()) {
      if (owner?.isDead === true) this.#timers.delete(number)
      else if (next === undefined || at < next) next = at
    }
    return next
  }

  /** Runs what was put off to the next turn of the event loop. @returns whether there was any */
  runImmediates(): boolean {
    const due = this.#immediates
    this.#immediates = []
    for (const { owner, run } of due) if (owner?.isDead !== true) within(owner, run)
    return due.length > 0
  }

  /** Goes to the next timer and runs it. */
  advance(): void {
    const due = this.nextDue
    if (due === undefined) throw new Error('nothing will ever happen again')
    this.#now = Math.max(this.#now, due)
    for (const timer of this.#timers.values()) {
      if (timer.at !== due) continue
      if (timer.everyMs === undefined) this.#timers.delete(timer.number)
      else timer.at = this.#now + Math.max(1, timer.everyMs)
      within(timer.owner, timer.run)
      return
    }
  }

  after(ms: number, run: () => void, everyMs?: number): number {
    this.#numbers += 1
    const timer = { number: this.#numbers, owner: running.getStore(), run, everyMs, at: this.#now + Math.max(0, ms) }
    this.#timers.set(timer.number, timer)
    return timer.number
  }

  cancel(number: number): void {
    this.#timers.delete(number)
  }

  /** Replaces the real time for all code of the process. */
  install(): void {
    const handleOf = (number: number): object => {
      const handle = {
        number,
        ref: () => handle,
        unref: () => handle,
        hasRef: () => true,
        [Symbol.toPrimitive]: () => number,
      }
      return handle
    }
    const clear = (handle?: { number?: number }): void => {
      if (handle?.number !== undefined) this.cancel(handle.number)
    }
    const replacements = {
      setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        handleOf(this.after(ms, () => run(...args))),
      setInterval: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        handleOf(this.after(ms, () => run(...args), ms)),
      setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => {
        this.#immediates.push({ owner: running.getStore(), run: () => run(...args) })
        return handleOf(0)
      },
      clearTimeout: clear,
      clearInterval: clear,
    }
    Object.assign(globalThis, replacements)
    Object.assign(timersPromises, { setTimeout: this.#delay })
    syncBuiltinESMExports()
    AbortSignal.timeout = (ms) => {
      const controller = new AbortController()
      this.after(ms, () => controller.abort(new DOMException('the time limit has passed', 'TimeoutError')))
      return controller.signal
    }
  }

  readonly #delay = (ms = 0, value?: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const fail = (): void => reject(new DOMException('The operation was aborted', 'AbortError'))
      if (signal?.aborted === true) {
        fail()
        return
      }
      const abort = (): void => {
        this.cancel(number)
        fail()
      }
      const number = this.after(ms, () => {
        signal?.removeEventListener('abort', abort)
        resolve(value)
      })
      signal?.addEventListener('abort', abort, { once: true })
    })
}

/** Runs code as that owner's. */
export function within(owner: Owner | undefined, run: () => void): void {
  if (owner === undefined) running.exit(run)
  else running.run(owner, run)
}
