import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly input?: string
  readonly limitMs?: number
}

/** A program that could not be started, took too long or said no; `output` is all it wrote. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly output: string

  constructor(message: string, output: string) {
    super(message)
    this.output = output
  }
}

const linesShown = 15
const defaultLimitMs = 60_000

/**
 * Runs a program and waits until it exits.
 * @returns its standard output
 * @throws CommandFailed with the last lines it wrote
 */
export function command(name: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { input = '', limitMs = defaultLimitMs } = options
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: limitMs })
    let out = ''
    let all = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      all += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (all += text))
    child.once('error', (error) => reject(new CommandFailed(`${name} cannot be started: ${error.message}`, '')))
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(out)
      const how = signal === null ? `exit code ${code}` : `stopped after ${limitMs / 1000} s`
      const said = all.trim().split('\n').slice(-linesShown).join('\n')
      reject(new CommandFailed(`${[name, ...args].join(' ').slice(0, 200)}: ${how}\n${said}`, all))
    })
    // A program that exits without reading its input is evaluated by its exit code.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}
