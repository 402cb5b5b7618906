import { tool } from './go-tools.ts'
import { must } from './programs.ts'

/** Runs helm-docs for one chart, with the templates that all charts share. @returns its standard output */
export function helmDocs(chartFolder: string, ...options: readonly string[]): string {
  const templates = ['../values.md.gotmpl', 'README.md.gotmpl'].map((file) => `--template-files=${file}`)
  return must(tool('helm-docs'), [
    '--log-level=warning',
    `--chart-search-root=${chartFolder}`,
    ...templates,
    ...options,
  ])
}
