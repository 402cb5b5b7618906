import type { Overview, SagaLine, SagaPage, SagaStatus } from './answers.ts'
import { get } from './api.ts'
import { button, html, show } from './dom.ts'
import { age, clock, count, outcomeOf, since, statuses, statusLabels } from './format.ts'

/** Sagas by status: the counts choose what is listed. */
export class SagaList {
  readonly element: HTMLElement
  readonly #counts = html('ul', { class: 'counts' })
  readonly #rows = html('ul', { class: 'rows' })
  readonly #more = html('p', { class: 'more' })
  readonly #onTrouble: (error: unknown) => void
  #overview: Overview | undefined
  #older: SagaLine[] = []
  #next: string | null | undefined
  #status: SagaStatus | undefined
  #selected: string | undefined

  constructor(onTrouble: (error: unknown) => void) {
    this.#onTrouble = onTrouble
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

  /** Which status is listed, and which saga is marked. */
  choose(status: SagaStatus | undefined, selected: string | undefined): void {
    if (status !== this.#status) {
      this.#older = []
      this.#next = undefined
    }
    this.#status = status
    this.#selected = selected
    this.#render()
  }

  #render(): void {
    const { counts, sagas } = this.#overview ?? {}
    if (counts === undefined || sagas === undefined) {
      show(this.#rows, html('li', { class: 'empty' }, 'Reading…'))
      return
    }
    show(
      this.#counts,
      this.#counter(undefined, 'All', undefined),
      ...statuses.map((status) => {
        const { count: known, more } = counts[status]
        return this.#counter(status, statusLabels[status], `${count(known)}${more ? '+' : ''}`)
      }),
    )
    const newest = sagas.filter(({ status }) => this.#status === undefined || status === this.#status).slice(0, 20)
    const shown = [...newest, ...this.#older.filter((old) => newest.every(({ sagaId }) => sagaId !== old.sagaId))]
    show(
      this.#rows,
      ...(shown.length === 0 ? [html('li', { class: 'empty' }, 'No sagas.')] : shown.map((saga) => this.#row(saga))),
    )
    const hasMore = this.#next === undefined ? newest.length === 20 : this.#next !== null
    show(this.#more, hasMore && button('Show older', () => void this.#showOlder(newest), { 'data-key': 'older' }))
  }

  #counter(status: SagaStatus | undefined, label: string, number: string | undefined): HTMLElement {
    const current = status === this.#status
    const href = `#/sagas${status === undefined ? '' : `/${status}`}`
    return html(
      'li',
      {},
      html(
        'a',
        {
          href,
          'data-key': `count-${status ?? 'all'}`,
          class: status ?? 'all',
          'aria-current': current ? 'true' : undefined,
        },
        number !== undefined && html('b', {}, number),
        html('span', {}, label),
      ),
    )
  }

  #row(saga: SagaLine): HTMLElement {
    const { sagaId, orderId, customerId, status, amount, currency, createdAt } = saga
    const outcome = outcomeOf(saga)
    return html(
      'li',
      {},
      html(
        'a',
        {
          href: `#/saga/${sagaId}`,
          'data-key': sagaId,
          'aria-current': sagaId === this.#selected ? 'true' : undefined,
        },
        html('span', { class: `dot ${status}`, 'aria-hidden': 'true' }),
        html(
          'span',
          { class: 'what' },
          html('b', {}, statusLabels[status]),
          outcome !== '' && html('small', {}, outcome),
        ),
        html('span', { class: 'sum' }, amount, html('small', {}, ` ${currency}`)),
        html('span', { class: 'who', title: orderId }, customerId ?? `…${orderId.slice(-8)}`),
        html('time', { datetime: createdAt, title: clock(createdAt), 'data-age': createdAt }, age(since(createdAt))),
      ),
    )
  }

  async #showOlder(newest: readonly SagaLine[]): Promise<void> {
    const parameters = new URLSearchParams({ limit: '50' })
    if (this.#status !== undefined) parameters.set('status', this.#status)
    const after = this.#next ?? newest.at(-1)?.sagaId
    if (after !== undefined) parameters.set('after', after)
    try {
      const { sagas, next } = await get<SagaPage>(`sagas?${parameters.toString()}`)
      this.#older.push(...sagas)
      this.#next = next
      this.#render()
    } catch (error) {
      this.#onTrouble(error)
    }
  }
}
