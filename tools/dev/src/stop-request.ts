import { isatty } from 'node:tty'

/**
 * Turns the signals that ask a process to end (Ctrl-C, SIGTERM, a closed terminal) into a request it can answer in
 * order.
 */
export class StopRequest {
  readonly #asked = new AbortController()
  readonly #asking: Promise<void>
  #askedAt = 0

  /** `onImpatience`: called when a signal comes a second or more after the first. */
  constructor(onImpatience: () => void) {
    this.#asking = new Promise((resolve) => {
      this.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    const ask = (): void => {
      if (!this.signal.aborted) {
        this.#askedAt = performance.now()
        this.#asked.abort(new Error('It was asked to stop.'))
        // One request may arrive twice, from the terminal's group and from make.
      } else if (performance.now() - this.#askedAt > 1000) onImpatience()
    }
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, ask)
    // A closed terminal takes no more text; that is no reason to end before everything is stopped.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
    this.#watchParents(ask)
  }

  /** Aborted when the first request came. */
  get signal(): AbortSignal {
    return this.#asked.signal
  }

  /** Resolves when the first request came. */
  get asking(): Promise<void> {
    return this.#asking
  }

  // make passes on no signal but SIGTERM: the end of make itself, or of the terminal it has for its own, would leave
  // this process behind with nobody to stop it.
  #watchParents(ask: () => void): void {
    const make = process.env['MAKELEVEL'] ? process.ppid : undefined
    const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor))
    setInterval(() => {
      const orphaned = make !== undefined && process.ppid !== make
      if (orphaned || !terminals.every((descriptor) => isatty(descriptor))) ask()
    }, 1000).unref()
  }
}
