import type { Count, Overview, SagaLine, SagaPage } from './answers.ts'
import { get } from './api.ts'
import { button, html, show } from './dom.ts'
import {
  age,
  blockerLabel,
  blockerLabels,
  clock,
  count,
  isIn,
  needsRequest,
  outcomeOf,
  type SagaFilter,
  since,
  statuses,
  statusLabels,
} from './format.ts'
import { hrefOf } from './route.ts'

/** How often a list that is not part of the overview is read again. */
const readAgainMs = 3_000
const pageSize = 50

export class SagaList {
  readonly element: HTMLElement
  readonly #counts = html('ul', { class: 'counts' })
  readonly #filters = html('form', { class: 'filters', 'aria-label': 'Filter' })
  readonly #rows = html('ul', { class: 'rows' })
  readonly #more = html('p', { class: 'more' })
  readonly #onError: (error: unknown) => void
  readonly #customer = html('input', {
    type: 'search',
    placeholder: 'Customer',
    'aria-label': 'Customer',
    autocomplete: 'off',
  })
  readonly #blocked = html('select', { 'aria-label': 'Blocked by' })
  readonly #older = html('select', { 'aria-label': 'Age' })
  #overview: Overview | undefined
  /** Of a filter that needs a request: the first page. */
  #found: SagaLine[] | undefined
  #readAt = 0
  #olderSagas: SagaLine[] = []
  #next: string | null | undefined
  #filter: SagaFilter = {}
  #selected: string | undefined

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
    const option = (value: string, label: string): HTMLElement => html('option', { value }, label)
    this.#blocked.append(option('', 'Blocked or not'))
    for (const kind of Object.keys(blockerLabels))
      this.#blocked.append(option(kind, `Blocked by ${blockerLabel(kind)}`))
    for (const [value, label] of [
      ['', 'Any age'],
      ['1m', '> 1 min'],
      ['5m', '> 5 min'],
      ['1h', '> 1 h'],
      ['1d', '> 1 d'],
    ]) {
      this.#older.append(option(value ?? '', label ?? ''))
    }
    this.#filters.append(this.#customer, this.#blocked, this.#older)
    this.#filters.addEventListener('change', () => this.#apply())
    this.#filters.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#apply()
    })
    this.element = html(
      'section',
      { class: 'list', 'aria-labelledby': 'sagas-title' },
      html('h2', { id: 'sagas-title', class: 'hidden' }, 'Sagas by status'),
      this.#counts,
      this.#filters,
      this.#rows,
      this.#more,
    )
  }

  set overview(overview: Overview) {
    this.#overview = overview
    if (needsRequest(this.#filter) && Date.now() - this.#readAt >= readAgainMs) void this.#read()
    this.#render()
  }

  /** The newest saga of the list; undefined while it is not read. */
  get newest(): string | undefined {
    return this.#shown()[0]?.sagaId
  }

  choose(filter: SagaFilter, selected: string | undefined): void {
    if (JSON.stringify(filter) !== JSON.stringify(this.#filter)) {
      this.#olderSagas = []
      this.#next = undefined
      this.#found = undefined
      this.#filter = filter
      this.#customer.value = filter.customer ?? ''
      this.#blocked.value = filter.blocked ?? ''
      this.#older.value = filter.olderThan ?? ''
      if (needsRequest(filter)) void this.#read()
    }
    this.#selected = selected
    this.#render()
  }

  #apply(): void {
    const { status, violations } = this.#filter
    const [customer, blocked, olderThan] = [this.#customer.value.trim(), this.#blocked.value, this.#older.value]
    location.hash = hrefOf({
      ...(status !== undefined && { status }),
      ...(violations !== undefined && { violations }),
      ...(customer !== '' && { customer }),
      ...(blocked !== '' && { blocked }),
      ...(olderThan !== '' && { olderThan }),
    })
  }

  #shown(): SagaLine[] {
    const newest = needsRequest(this.#filter)
      ? (this.#found ?? [])
      : (this.#overview?.sagas ?? []).filter((saga) => isIn(this.#filter, saga)).slice(0, 20)
    return [...newest, ...this.#olderSagas.filter((old) => newest.every(({ sagaId }) => sagaId !== old.sagaId))]
  }

  #render(): void {
    const isReading = this.#overview === undefined || (needsRequest(this.#filter) && this.#found === undefined)
    if (this.#overview !== undefined) {
      const { counts, violated } = this.#overview
      show(
        this.#counts,
        this.#counter({}, 'All'),
        ...statuses.map((status) => this.#counter({ status }, statusLabels[status], counts[status])),
        (violated.count > 0 || this.#filter.violations === true) &&
          this.#counter({ violations: true }, 'Violations', violated),
      )
    }
    if (isReading) return show(this.#rows, html('li', { class: 'empty' }, 'Reading…'))
    const shown = this.#shown()
    show(
      this.#rows,
      ...(shown.length === 0 ? [html('li', { class: 'empty' }, 'No sagas.')] : shown.map((saga) => this.#row(saga))),
    )
    const hasMore = this.#next === undefined ? shown.length >= 20 : this.#next !== null
    show(this.#more, hasMore && button('Show older', () => void this.#showOlder(shown), { 'data-key': 'older' }))
  }

  #counter(filter: SagaFilter, label: string, known?: Count): HTMLElement {
    const { status, violations } = this.#filter
    const isCurrent = filter.status === status && (filter.violations ?? false) === (violations ?? false)
    const name = filter.status ?? (filter.violations === true ? 'violations' : undefined)
    const href = name === undefined ? '#/sagas' : `#/sagas/${name}`
    const attributes = {
      href,
      class: name,
      'data-key': `count-${name ?? 'all'}`,
      'aria-current': isCurrent ? 'true' : undefined,
    }
    const number = known && html('b', `${count(known.count)}${known.more ? '+' : ''}`)
    return html('li', html('a', attributes, number, html('span', label)))
  }

  #row(saga: SagaLine): HTMLElement {
    const { sagaId, orderId, customerId, status, amount, currency, createdAt, blockedBy } = saga
    const current = sagaId === this.#selected ? 'true' : undefined
    const [first, ...more] = blockedBy
    const blocked = first && `Blocked by ${blockerLabel(first)}${more.length === 0 ? '' : ` and ${more.length} more`}`
    const link = html(
      'a',
      { href: `#/saga/${sagaId}`, 'data-key': sagaId, 'aria-current': current },
      html('span', { class: `dot ${first === undefined ? status : 'is-blocked'}`, 'aria-hidden': 'true' }),
      html('span', { class: 'what' }, html('b', statusLabels[status]), html('small', outcomeOf(saga))),
      html('span', amount, html('small', ` ${currency}`)),
      html('span', { class: 'who', title: orderId }, customerId ?? `…${orderId.slice(-8)}`),
      html('time', { datetime: createdAt, title: clock(createdAt), 'data-age': createdAt }, age(since(createdAt))),
      blocked && html('span', { class: 'by' }, blocked),
    )
    return html('li', link)
  }

  #parameters(limit: number): URLSearchParams {
    const { status, violations, blocked, customer, olderThanMs } = this.#filter
    const parameters = new URLSearchParams({ limit: String(limit) })
    if (violations === true) parameters.set('violations', 'true')
    if (status !== undefined) parameters.set('status', status)
    if (blocked !== undefined) parameters.set('blocked', blocked)
    if (customer !== undefined) parameters.set('customer', customer)
    if (olderThanMs !== undefined) parameters.set('olderThanMs', String(olderThanMs))
    return parameters
  }

  async #read(): Promise<void> {
    const filter = this.#filter
    this.#readAt = Date.now()
    try {
      const { sagas, next } = await get<SagaPage>(`sagas?${this.#parameters(pageSize).toString()}`)
      if (filter !== this.#filter) return
      this.#found = [...sagas]
      if (this.#olderSagas.length === 0) this.#next = next
      this.#render()
    } catch (error) {
      this.#onError(error)
    }
  }

  async #showOlder(shown: readonly SagaLine[]): Promise<void> {
    const parameters = this.#parameters(pageSize)
    const after = this.#next ?? shown.at(-1)?.sagaId
    if (after !== undefined) parameters.set('after', after)
    try {
      const { sagas, next } = await get<SagaPage>(`sagas?${parameters.toString()}`)
      this.#olderSagas.push(...sagas)
      this.#next = next
      this.#render()
    } catch (error) {
      this.#onError(error)
    }
  }
}
