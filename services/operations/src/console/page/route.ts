import { blockerLabels, type SagaFilter, statuses } from './format.ts'

/** The address of a view after `#`. Documented in docs/console.md, and used by alerts: names stay. */
export interface Route {
  readonly view: 'sagas' | 'dead-letters' | 'parked' | 'delivery'
  readonly filter: SagaFilter
  readonly id?: string | undefined
  /** A sentence, when the address is not understood. */
  readonly problem?: string | undefined
}

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** The routes accept 12 digits. */
const longestMs = 999_999_999_999

/** `#/sagas`, `#/sagas/<status>`, `#/sagas?status=&blocked=&customer=&olderThan=5m`, `#/saga/<id>`, `#/dead-letters` and so on. */
export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?')
  const [view = '', what, ...more] = path.split('/')
  const unknown: Route = { view: 'sagas', filter: {}, problem: `The address ${hash} names no view of the console.` }
  if (more.length > 0) return unknown
  if (view === '' && what === undefined) return { view: 'sagas', filter: {} }
  if (view === 'saga' && what !== undefined && what !== '') return { view: 'sagas', filter: {}, id: decoded(what) }
  if (view === 'dead-letters' || view === 'parked' || view === 'delivery') {
    return what === undefined || what === '' ? { view, filter: {} } : unknown
  }
  return view === 'sagas' ? sagasOf(what, query, hash) : unknown
}

function sagasOf(what: string | undefined, query: string, hash: string): Route {
  const problems: string[] = []
  let filter: SagaFilter = {}
  const set = (name: string, value: string): void => {
    const status = statuses.find((each) => each === value)
    const [, number, unit = ''] = /^(\d{1,9})([smhd])$/.exec(value) ?? []
    const olderThanMs = Number(number) * (unitsMs[unit] ?? 0)
    if (name === 'status' && status !== undefined) filter = { ...filter, status }
    else if (name === 'violations' && value === 'true') filter = { ...filter, violations: true }
    else if (name === 'blocked' && Object.hasOwn(blockerLabels, value)) filter = { ...filter, blocked: value }
    else if (name === 'customer' && value !== '') filter = { ...filter, customer: value }
    else if (name === 'olderThan' && olderThanMs <= longestMs) filter = { ...filter, olderThan: value, olderThanMs }
    else problems.push(`${name}=${value}`)
  }
  if (what === 'violations') set('violations', 'true')
  else if (what !== undefined && what !== '') set('status', decoded(what))
  for (const [name, value] of new URLSearchParams(query)) set(name, value)
  const problem = `The address ${hash} has an unknown filter (${problems.join(', ')}): the list shows all sagas without it.`
  return { view: 'sagas', filter, problem: problems.length === 0 ? undefined : problem }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The address of a list with this filter. */
export function hrefOf(filter: SagaFilter): string {
  const { status, violations, blocked, customer, olderThan } = filter
  const parameters = new URLSearchParams()
  if (status !== undefined) parameters.set('status', status)
  if (violations === true) parameters.set('violations', 'true')
  if (blocked !== undefined) parameters.set('blocked', blocked)
  if (customer !== undefined) parameters.set('customer', customer)
  if (olderThan !== undefined) parameters.set('olderThan', olderThan)
  const query = parameters.toString()
  return query === '' ? '#/sagas' : `#/sagas?${query}`
}
