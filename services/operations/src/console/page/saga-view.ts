import type { SagaDetail, TimelineStep } from './answers.ts'
import { html, show, table } from './dom.ts'
import { clock, outcomeOf, since, span, statusLabels } from './format.ts'
import { sequenceDiagram } from './sequence.ts'

export class SagaView {
  readonly element = html('section', { class: 'detail', 'aria-labelledby': 'saga-title' })
  #tableOpen = false
  #shown: string | undefined

  showNothing(text: string): void {
    this.#shown = undefined
    show(this.element, html('h2', { id: 'saga-title', class: 'hidden' }, 'Saga'), html('p', { class: 'empty' }, text))
  }

  show(saga: SagaDetail): void {
    const text = JSON.stringify(saga)
    // Without a change, scroll position and selection are kept.
    if (text === this.#shown) return
    this.#shown = text
    const region = { class: 'scroll', tabindex: '0', role: 'region', 'data-key': 'diagram' }
    show(
      this.element,
      html('a', { class: 'back', href: '#/sagas', 'data-key': 'back' }, '‹ All sagas'),
      html(
        'h2',
        { id: 'saga-title', tabindex: '-1', 'data-key': 'title' },
        html('span', { class: `badge ${saga.status}` }, statusLabels[saga.status]),
        ` ${saga.amount} ${saga.currency} `,
        html('small', outcomeOf(saga)),
      ),
      facts(saga),
      html('p', { class: 'explanation', id: 'explanation' }, saga.explanation),
      html(
        'figure',
        { 'aria-labelledby': 'timeline-title' },
        html('figcaption', { id: 'timeline-title' }, 'Timeline'),
        html('div', region, { 'aria-label': 'Sequence diagram, as the table below' }, sequenceDiagram(saga)),
        this.#table(saga),
      ),
    )
  }

  #table(saga: SagaDetail): HTMLElement {
    const details = html(
      'details',
      { open: this.#tableOpen },
      html('summary', { 'data-key': 'table' }, 'As a table'),
      table('Timeline as a table', ['At', 'From', 'To', 'What', 'Result'], saga.timeline.map(rowOf)),
    )
    details.addEventListener('toggle', () => (this.#tableOpen = details.open))
    return details
  }
}

function facts(saga: SagaDetail): HTMLElement {
  const { status, reason, compensation, finishedAt, createdAt, deadline } = saga
  const left = -since(deadline)
  const end =
    finishedAt === null
      ? left < 0
        ? 'its deadline has passed'
        : `deadline in ${span(left)}`
      : `took ${span(Date.parse(finishedAt) - Date.parse(createdAt))}`
  const state = [status, reason, compensation === 'none' ? null : compensation].filter((part) => part !== null)
  const pairs: [name: string, value: string, style?: string][] = [
    ['Order', saga.orderId, 'code'],
    ['Saga', saga.sagaId, 'code'],
    ['Status', state.join(' · '), 'code'],
    ['Customer', saga.customerId ?? '—'],
    ['Items', saga.items.map(({ sku, qty }) => `${qty} x ${sku}`).join(', ')],
    ['Accepted', `${clock(createdAt)}, ${end}`],
  ]
  return html(
    'dl',
    ...pairs.map(([name, value, style]) => html('div', { class: style }, html('dt', name), html('dd', value))),
  )
}

function rowOf(step: TimelineStep): HTMLElement {
  const cells =
    step.kind === 'note'
      ? [step.service, '', step.description, '']
      : [step.from, step.to, step.detail === '' ? step.event : `${step.event} (${step.detail})`, step.result]
  return html('tr', ...[step.at.slice(11, 23), ...cells].map((text) => html('td', text)))
}
