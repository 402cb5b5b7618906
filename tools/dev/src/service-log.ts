import { createWriteStream } from 'node:fs'
import type { WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

const warning = 40
const repeatAfterMs = 10_000
const levelNames = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
])
const plumbing = new Set(['level', 'time', 'pid', 'hostname', 'service', 'name', 'msg', 'v'])

interface Entry {
  level: number
  message: string
  text: string
}

function parse(line: string): Entry | undefined {
  try {
    const record: Record<string, unknown> | null = JSON.parse(line)
    const level = record?.['level']
    if (record === null || typeof level !== 'number') return undefined
    const details = Object.entries(record)
      .filter(([name]) => !plumbing.has(name))
      .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    const message = typeof record['msg'] === 'string' ? record['msg'] : ''
    return { level, message, text: [message, ...details].filter(Boolean).join(' ') }
  } catch {
    return undefined
  }
}

/**
 * Where a service's output goes: every line to its file; warnings, errors and lines that are no log records also to the
 * terminal, prefixed with the service's name. A warning that is repeated is shown once in a while: one cause, such as a
 * broker that is unavailable, makes every part of a service warn again and again.
 */
export class ServiceLog {
  readonly #name: string
  readonly #everything: boolean
  readonly #print: (line: string) => void
  readonly #file: WriteStream
  #latest: string[] = []
  readonly #warnedAt = new Map<string, number>()

  /** `everything`: also the lines below a warning go to the terminal. */
  constructor(name: string, file: string, everything: boolean, print: (line: string) => void) {
    this.#name = name
    this.#everything = everything
    this.#print = print
    this.#file = createWriteStream(file, { flags: 'a' })
    // A full disk must not end what only wants to log.
    this.#file.on('error', () => undefined)
  }

  /** The last lines worth reading, for the sentence that says why the service did not start. */
  get latest(): string {
    return this.#latest.join(' / ')
  }

  read(output: Readable): void {
    createInterface({ input: output, crlfDelay: Infinity }).on('line', (line) => this.#add(line))
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#file.once('close', () => resolve())
      this.#file.end()
    })
  }

  #add(line: string): void {
    this.#file.write(`${line}\n`)
    const entry = parse(line)
    const level = entry?.level ?? warning
    const text = entry ? `${levelNames.get(level) ?? level} ${entry.text}` : line
    if (level >= warning) this.#latest = [...this.#latest, text].slice(-3)
    if (this.#everything || (level >= warning && !this.#isRepeated(entry))) {
      this.#print(`${this.#name.padEnd(12)} ${text}`)
    }
  }

  #isRepeated(entry: Entry | undefined): boolean {
    if (entry?.level !== warning) return false
    const now = performance.now()
    if (now - (this.#warnedAt.get(entry.message) ?? -repeatAfterMs) < repeatAfterMs) return true
    this.#warnedAt.set(entry.message, now)
    return false
  }
}
