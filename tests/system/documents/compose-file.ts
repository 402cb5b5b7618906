import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'

type Environment = Readonly<Record<string, string | number | null>>
/** With merge keys, which are no part of YAML 1.2. */
interface Unmerged extends Readonly<Record<string, unknown>> {
  readonly '<<'?: Unmerged | readonly Unmerged[]
}

interface ComposeService {
  readonly command?: readonly string[]
  readonly environment?: Unmerged
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
}

export const composeFile = load(readFileSync(new URL('../../../compose.yaml', import.meta.url), 'utf8')) as {
  readonly services: Readonly<Record<string, ComposeService>>
}

function merged({ '<<': others = [], ...own }: Unmerged): Environment {
  // Of several merged maps the first one that has a key counts.
  return Object.assign({}, ...[others].flat().toReversed().map(merged), own) as Environment
}

/** The environment of a service as compose.yaml has it, with `${VARIABLE:-default}`. */
export function writtenEnvironmentOf(service: string): Environment {
  return merged(composeFile.services[service]?.environment ?? {})
}

/** The environment of a service's container when `docker compose up` runs with these variables. */
export function environmentOf(service: string, shell: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const entries = Object.entries(writtenEnvironmentOf(service)).map(([name, value]) => [
    name,
    value === null ? shell[name] : interpolated(String(value), shell),
  ])
  return Object.fromEntries(entries) as NodeJS.ProcessEnv
}

/** Replaces variables from the innermost outwards; values are not interpolated again. */
function interpolated(text: string, shell: Readonly<Record<string, string>>): string {
  const pattern = /\$\{(\w+):-((?:[^${}]|\$\{\w+:-[^${}]*\})*)\}/g
  return text.replaceAll(pattern, (_, name: string, otherwise: string) => shell[name] || interpolated(otherwise, shell))
}
