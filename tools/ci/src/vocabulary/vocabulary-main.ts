import { readFileSync } from 'node:fs'
import { must } from '../programs.ts'
import { type Occurrence, occurrencesIn } from './check.ts'

/** Occurrences that must stay, such as those in a machine-readable contract. An entry without effect is an error. */
const allowed: readonly { readonly file: string; readonly expression: string; readonly reason: string }[] = [
  { file: 'services/operations/src/drill-config.ts', expression: 'lanes', reason: 'environment variable' },
  { file: 'services/operations/src/drill-config.ts', expression: 'patience', reason: 'environment variable' },
  { file: 'docs/configuration.md', expression: 'lanes', reason: 'environment variable' },
  { file: 'docs/configuration.md', expression: 'patience', reason: 'environment variable' },
  { file: 'tools/dev/src/demo.ts', expression: 'lanes', reason: 'environment variable' },
  { file: 'tools/dev/src/environment.ts', expression: 'lanes', reason: 'environment variable' },
  { file: 'tools/dev/src/environment.ts', expression: 'patience', reason: 'environment variable' },
  { file: 'tools/ci/src/vocabulary/vocabulary-main.ts', expression: 'lanes', reason: 'this list' },
  { file: 'tools/ci/src/vocabulary/vocabulary-main.ts', expression: 'patience', reason: 'this list' },
  { file: 'tools/ci/src/vocabulary/vocabulary-main.ts', expression: 'trail', reason: 'this list' },
  { file: 'CHANGELOG.md', expression: 'trail', reason: 'route of release 0.1.0' },
  { file: 'charts/order-saga/values.yaml', expression: 'patience', reason: 'chart value' },
  { file: 'charts/order-saga/values.schema.json', expression: 'patience', reason: 'chart value' },
  { file: 'charts/order-saga/templates/tests/saga-drill.yaml', expression: 'patience', reason: 'chart value' },
]

const checked =
  /\.(?:ts|js|mjs|go|md|yaml|yml|tpl|gotmpl|txt|css|html|sh)$|^(?:Makefile|Tiltfile|\.ci\/.*|k8s\/kind\/.*)$|Dockerfile|values\.schema\.json$/
/** Generated from other files, or about the retired expressions themselves. */
const unchecked =
  /^charts\/[^/]+\/(?:golden|README\.md$)|^tools\/monitoring\/compose\/rules\.yaml$|^tools\/ci\/(?:src\/vocabulary\/retired|test\/vocabulary\.test)\.ts$/

const files = must('git', ['ls-files', '--cached', '--others', '--exclude-standard'])
  .split('\n')
  .filter((file) => checked.test(file) && !unchecked.test(file))
const all = files.flatMap((file) => occurrencesIn(file, read(file)))
const isAllowed = ({ file, expression }: Occurrence): boolean =>
  allowed.some((each) => each.file === file && each.expression === expression)
const found = all.filter((each) => !isAllowed(each))
const unused = allowed.filter(
  (each) => !all.some((one) => one.file === each.file && one.expression === each.expression),
)

for (const { file, line, text, instead } of found) say(`${file}:${line}: "${text}" -> ${instead}`)
for (const { file, expression } of unused) say(`${file}: "${expression}" is allowed, but does not occur`)
const counts = new Map<string, number>()
for (const { expression } of found) counts.set(expression, (counts.get(expression) ?? 0) + 1)
for (const [expression, count] of [...counts].toSorted(([, a], [, b]) => b - a)) {
  say(`${String(count).padStart(5)}  ${expression}`)
}
say(`${found.length} retired expressions in ${files.length} files`)
process.exitCode = found.length + unused.length > 0 ? 1 : 0

/** A removed file that is still in the index counts as empty. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
