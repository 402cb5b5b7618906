import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isExecutable, must, onPath, run } from './programs.ts'

/** Tools built from their Go modules because they are not on PATH. */
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'order-saga-tools')

const modules = {
  actionlint: 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
  'kube-score': 'github.com/zegl/kube-score/cmd/kube-score@v1.20.0',
  'helm-docs': 'github.com/norwoodj/helm-docs/cmd/helm-docs@v1.14.2',
  promtool: 'github.com/prometheus/prometheus/cmd/promtool@v0.313.5',
} as const

/**
 * @returns the path of a tool on PATH, or built once from its Go module in the version above
 * @throws Error when neither the tool nor Go is installed
 */
export function tool(name: keyof typeof modules): string {
  const cached = join(cache, name)
  const found = onPath(name) ?? (isExecutable(cached) ? cached : undefined)
  if (found !== undefined) return found
  if (onPath('go') === undefined) {
    throw new Error(`${name} is missing: put it on PATH, or install Go, which builds it.`)
  }
  mkdirSync(cache, { recursive: true })
  build(modules[name], cached)
  return cached
}

/** Not by `go install`: it rejects a module with `replace` directives, such as Prometheus. */
function build(module: string, target: string): void {
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
  if (onPath('go') === undefined) throw new Error(`Go is missing: it downloads ${module}.`)
  const { Dir, Error: reason } = JSON.parse(run('go', ['mod', 'download', '-json', module]).out) as {
    Dir?: string
    Error?: string
  }
  if (Dir === undefined) throw new Error(`${module} could not be downloaded: ${reason ?? 'no reason was given'}`)
  return Dir
}
