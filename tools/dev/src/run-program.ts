import type { Readable } from 'node:stream'
import { Child } from './child-process.ts'
import type { RunFolder } from './run-folder.ts'

export interface ProgramOptions {
  cwd: string
  env: NodeJS.ProcessEnv
  /** Ends the program with SIGTERM; the run rejects when it has ended. Without it nothing cuts the program short. */
  signal?: AbortSignal | undefined
  /** Where to record it, so that it does not outlive this process. */
  folder?: RunFolder | undefined
  /** Receives the program's output as it arrives. */
  onText?: (text: string) => void
}

export interface ProgramResult {
  /** `exit code 0`, as `Child.exited` says it. */
  end: string
  output: string
  errors: string
}

async function read(stream: Readable | null, onText: (text: string) => void): Promise<string> {
  let whole = ''
  stream?.setEncoding('utf8')
  for await (const text of stream ?? []) {
    whole += text
    onText(text)
  }
  return whole
}

/** Runs a program until it exits, out of reach of the terminal's Ctrl-C. Rejects when it cannot start or was aborted. */
export async function runProgram(command: string, args: string[], options: ProgramOptions): Promise<ProgramResult> {
  const { cwd, env, signal, folder, onText = () => undefined } = options
  signal?.throwIfAborted()
  const child = await Child.start(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const abort = (): void => void child.end('SIGTERM', 5000)
  signal?.addEventListener('abort', abort, { once: true })
  await folder?.record(child.pid, 'TERM')
  const [output, errors, end] = await Promise.all([
    read(child.stdout, onText),
    read(child.stderr, onText),
    child.exited,
  ])
  signal?.removeEventListener('abort', abort)
  await folder?.forget(child.pid)
  signal?.throwIfAborted()
  return { end, output, errors }
}

/** The end of what a failed program said, for the sentence that reports it. */
export function failureText({ end, output, errors }: ProgramResult): string {
  const lines = (errors.trim() || output.trim()).split('\n')
  return `${end}: ${lines.slice(-3).join(' / ')}`
}
