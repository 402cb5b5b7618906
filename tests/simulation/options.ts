import { faultKinds, type FaultKind } from './chance.ts'
import { type Defect, defects } from './defects.ts'
import type { Run } from './simulate.ts'

export interface Options extends Omit<Run, 'seed'> {
  readonly first: number
  readonly last: number
  /** Whether a failing run is shrunk to a smaller one. */
  readonly shrinks: boolean
}

const defaults = { seeds: '1..100', orders: 30, limit: 1_000 }

/**
 * Reads SEEDS (`17` or `1..100`), ORDERS, FAULTS (kinds with commas between, or `none`), FAULT_LIMIT, MISTAKE and SHRINK.
 * @throws Error that names the setting and what it may be
 */
export function optionsFrom(environment: NodeJS.ProcessEnv): Options {
  const { SEEDS = '', ORDERS = '', FAULTS = '', FAULT_LIMIT = '', MISTAKE = '', SHRINK = '' } = environment
  const [, from = '', to = from] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(SEEDS || defaults.seeds) ?? []
  const first = Number(from)
  const last = Number(to)
  if (from === '' || last < first) throw new Error(`SEEDS must be a number or a range like 1..100, but is "${SEEDS}".`)
  return {
    first,
    last,
    orders: integer('ORDERS', ORDERS, defaults.orders, 1),
    faults: { kinds: kindsIn(FAULTS), limit: integer('FAULT_LIMIT', FAULT_LIMIT, defaults.limit, 0) },
    defect: defectIn(MISTAKE),
    shrinks: oneOf('SHRINK', SHRINK || 'yes', ['yes', 'no']) === 'yes',
  }
}

/** The command that repeats a run. */
export function commandFor({ seed, orders, faults: { kinds, limit }, defect }: Run): string {
  const some = kinds.size < faultKinds.length
  return [
    `make simulate SEEDS=${seed} ORDERS=${orders}`,
    ...(some ? [`FAULTS=${[...kinds].join(',') || 'none'}`] : []),
    ...(limit === defaults.limit ? [] : [`FAULT_LIMIT=${limit}`]),
    ...(defect === undefined ? [] : [`MISTAKE=${defect}`]),
  ].join(' ')
}

function integer(name: string, text: string, otherwise: number, least: number): number {
  if (text === '') return otherwise
  if (!/^\d{1,6}$/.test(text) || Number(text) < least) {
    throw new Error(`${name} must be an integer from ${least} to 999999, but is "${text}".`)
  }
  return Number(text)
}

function kindsIn(text: string): ReadonlySet<FaultKind> {
  if (text === '') return new Set(faultKinds)
  if (text === 'none') return new Set()
  return new Set(text.split(',').map((kind) => oneOf('FAULTS', kind, faultKinds)))
}

function defectIn(text: string): Defect | undefined {
  return text === '' ? undefined : oneOf('MISTAKE', text, Object.keys(defects) as Defect[])
}

function oneOf<T extends string>(name: string, text: string, values: readonly T[]): T {
  const value = values.find((known) => known === text)
  if (value === undefined) throw new Error(`${name} must be of ${values.join(', ')}, but is "${text}".`)
  return value
}
