import { tool } from './go-tools.ts'
import { must } from './programs.ts'

for (const chart of ['order-saga', 'rabbitmq', 'postgres']) {
  must(tool('helm-docs'), ['--log-level=warning', `--chart-search-root=charts/${chart}`])
}
