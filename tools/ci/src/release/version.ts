import { readFileSync } from 'node:fs'

/** The version of the project. It is defined in package.json; a test compares the workspaces and the charts with it. */
export function projectVersion(): string {
  const text = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
