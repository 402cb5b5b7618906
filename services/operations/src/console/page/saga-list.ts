import type { Count, Overview, SagaLine, SagaPage } from './answers.ts'
import { get } from './api.ts'
import { button, html, show } from './dom.ts'
import { age, clock, count, isIn, outcomeOf, type SagaFilter, since, statuses, statusLabels } from './format.ts'

export class SagaList {
  readonly element: HTMLElement
  readonly #counts = html('ul', { class: 'counts' })
  readonly #rows = html('ul', { class: 'rows' })
  readonly #more = html('p', { class: 'more' })
  readonly #onError: (error: unknown) => void
  #overview: Overview | undefined
  #older: SagaLine[] = []
  #next: string | null | undefined
  #filter: SagaFilter | undefined
  #selected: string | undefined

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
    this.element = html(
      'section',
      { class: 'list', 'aria-labelledby': 'sagas-title' },
      html('h2', { id: 'sagas-title', class: 'hidden' }, 'Sagas by status'),
      this.#counts,
      this.#rows,
      this.#more,
    )
  }

  set overview(overview: Overview) {
    this.#overview = overview
    this.#render()
  }

  choose(filter: SagaFilter | undefined, selected: string | undefined): void {
    if (filter !== this.#filter) {
      this.#older = []
      this.#next = undefined
    }
    this.#filter = filter
    this.#selected = selected
    this.#render()
  }

  #render(): void {
    if (this.#overview === undefined) return show(this.#rows, html('li', { class: 'empty' }, 'Reading…'))
    const { counts, violated, sagas } = this.#overview
    show(
      this.#counts,
      this.#counter(undefined, 'All'),
      ...statuses.map((status) => this.#counter(status, statusLabels[status], counts[status])),
      (violated.count > 0 || this.#filter === 'violations') && this.#counter('violations', 'Violations', violated),
    )
    const newest = sagas.filter((saga) => isIn(this.#filter, saga)).slice(0, 20)
    const shown = [...newest, ...this.#older.filter((old) => newest.every(({ sagaId }) => sagaId !== old.sagaId))]
    show(
      this.#rows,
      ...(shown.length === 0 ? [html('li', { class: 'empty' }, 'No sagas.')] : shown.map((saga) => this.#row(saga))),
    )
    const hasMore = this.#next === undefined ? newest.length === 20 : this.#next !== null
    show(this.#more, hasMore && button('Show older', () => void this.#showOlder(newest), { 'data-key': 'older' }))
  }

  #counter(filter: SagaFilter | undefined, label: string, known?: Count): HTMLElement {
    const current = filter === this.#filter ? 'true' : undefined
    const href = `#/sagas${filter === undefined ? '' : `/${filter}`}`
    const attributes = { href, class: filter, 'data-key': `count-${filter ?? 'all'}`, 'aria-current': current }
    const number = known && html('b', `${count(known.count)}${known.more ? '+' : ''}`)
    return html('li', html('a', attributes, number, html('span', label)))
  }

  #row(saga: SagaLine): HTMLElement {
    const { sagaId, orderId, customerId, status, amount, currency, createdAt } = saga
    const current = sagaId === this.#selected ? 'true' : undefined
    const link = html(
      'a',
      { href: `#/saga/${sagaId}`, 'data-key': sagaId, 'aria-current': current },
      html('span', { class: `dot ${status}`, 'aria-hidden': 'true' }),
      html('span', { class: 'what' }, html('b', statusLabels[status]), html('small', outcomeOf(saga))),
      html('span', amount, html('small', ` ${currency}`)),
      html('span', { class: 'who', title: orderId }, customerId ?? `…${orderId.slice(-8)}`),
      html('time', { datetime: createdAt, title: clock(createdAt), 'data-age': createdAt }, age(since(createdAt))),
    )
    return html('li', link)
  }

  async #showOlder(newest: readonly SagaLine[]): Promise<void> {
    const parameters = new URLSearchParams({ limit: '50' })
    if (this.#filter === 'violations') parameters.set('violations', 'true')
    else if (this.#filter !== undefined) parameters.set('status', this.#filter)
    const after = this.#next ?? newest.at(-1)?.sagaId
    if (after !== undefined) parameters.set('after', after)
    try {
      const { sagas, next } = await get<SagaPage>(`sagas?${parameters.toString()}`)
      this.#older.push(...sagas)
      this.#next = next
      this.#render()
    } catch (error) {
      this.#onError(error)
    }
  }
}
