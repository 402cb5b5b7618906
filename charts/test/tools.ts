import { spawnSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

const limitMs = 900_000

export function run(command: string, args: readonly string[], input?: string): Outcome {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    input: input ?? '',
    maxBuffer: 1 << 28,
    timeout: limitMs,
  })
  if (error !== undefined) throw new Error(`${command} could not run: ${error.message}`)
  return { code: status ?? 1, out: stdout, err: stderr }
}

/** Like `run`; what fails is an error that says why. */
export function must(command: string, args: readonly string[], input?: string): string {
  const { code, out, err } = run(command, args, input)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${err}${out}`)
  return out
}

/** Where tools are kept that this machine did not have. */
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'order-saga-tools')

const modules = {
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
  'kube-score': 'github.com/zegl/kube-score/cmd/kube-score@v1.20.0',
  'helm-docs': 'github.com/norwoodj/helm-docs/cmd/helm-docs@v1.14.2',
  promtool: 'github.com/prometheus/prometheus/cmd/promtool@v0.313.5',
} as const

/** The path of a tool: on PATH, or made from its Go module once, in the version named here. */
export function tool(name: keyof typeof modules): string {
  const found = onPath(name) ?? executable(join(cache, name))
  if (found !== undefined) return found
  if (onPath('go') === undefined) {
    throw new Error(`${name} is missing: put it on PATH, or install Go, from which it is made.`)
  }
  mkdirSync(cache, { recursive: true })
  make(modules[name], join(cache, name))
  return join(cache, name)
}

/** Not by `go install`: it refuses a module that replaces others, as Prometheus does. */
function make(module: string, target: string): void {
  const [path = ''] = module.split('@')
  const folder = mkdtempSync(join(tmpdir(), 'order-saga-tool-'))
  try {
    must('go', ['-C', folder, 'mod', 'init', 'tool'])
    must('go', ['-C', folder, 'get', module])
    must('go', ['-C', folder, 'build', '-trimpath', '-o', target, path])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The folder of a Go module's sources, such as an operator's with its own resource definitions. */
export function goModule(module: string): string {
  if (onPath('go') === undefined) throw new Error(`Go is missing: with it ${module} is fetched.`)
  const { Dir, Error: reason } = JSON.parse(run('go', ['mod', 'download', '-json', module]).out) as {
    Dir?: string
    Error?: string
  }
  if (Dir === undefined) throw new Error(`${module} could not be fetched: ${reason ?? 'no reason was given'}`)
  return Dir
}

/** Helm 4 and Helm 3, as far as they are here: at least one is. */
export function helms(): string[] {
  const found = ['helm', 'helm3'].filter((name) => onPath(name) !== undefined)
  if (found.length === 0) throw new Error('Helm is missing: install Helm 3 or 4 and put it on PATH.')
  return found
}

export function onPath(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = executable(join(folder, name))
    if (path !== undefined) return path
  }
  return undefined
}

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK)
    return path
  } catch {
    return undefined
  }
}
