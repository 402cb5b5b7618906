import { parseArgs } from 'node:util'
import { checkQueries, failures, summarize } from './check-queries.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { without: { type: 'string' } } })
const [prometheusUrl = 'http://localhost:9090', namespace = 'order-saga', release] = positionals
const without = values.without?.split(',') ?? []

try {
  const checked = await checkQueries({ prometheusUrl, namespace, release, without })
  const failed = failures(checked)
  process.stdout.write(`${[...failed, summarize(checked)].join('\n')}\n`)
  if (failed.length > 0) process.exitCode = 1
} catch (error) {
  process.stderr.write(`The queries could not be checked: ${(error as Error).message}\n`)
  process.exitCode = 2
}
