import type { BlockerLine, DeadLetterOutcome, SagaDetail, TimelineStep } from './answers.ts'
import { post } from './api.ts'
import { confirmAct } from './dialogs.ts'
import { announce, button, html, show, table } from './dom.ts'
import { clock, outcomeOf, since, span, statusLabels } from './format.ts'
import { releaseEvents } from './parked.ts'
import { sequenceDiagram } from './sequence.ts'

export class SagaView {
  readonly element = html('section', { class: 'detail', 'aria-labelledby': 'saga-title' })
  #tableOpen = false
  #shown: string | undefined
  readonly #onError: (error: unknown) => void
  readonly #onChange: () => void

  /** @param onChange called after an act on the shown saga */
  constructor(onError: (error: unknown) => void, onChange: () => void) {
    this.#onError = onError
    this.#onChange = onChange
  }

  showNothing(text: string): void {
    this.#shown = undefined
    show(this.element, html('h2', { id: 'saga-title', class: 'hidden' }, 'Saga'), html('p', { class: 'empty' }, text))
  }

  show(saga: SagaDetail, mayAct: boolean): void {
    const text = JSON.stringify([saga, mayAct])
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
      saga.blockers.length > 0 && this.#banner(saga.blockers, mayAct, saga.runbooks),
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

  /** `Blocked: cause. Next: action`, for all blockers, with the act that the console can do or the runbook. */
  #banner(blockers: readonly BlockerLine[], mayAct: boolean, runbooks: string): HTMLElement {
    return html(
      'ul',
      { class: 'blocked', 'aria-label': 'Blockers', id: 'blocked' },
      ...blockers.map((blocker, i) => {
        const number = blockers.length === 1 ? '' : ` (${i + 1} of ${blockers.length})`
        const { cause, action, runbook } = blocker
        const name = `${runbook}.md`
        return html(
          'li',
          html('p', html('b', `Blocked${number}: `), `${cause}. `, html('b', 'Next: '), `${action}.`),
          html(
            'p',
            { class: 'actions' },
            mayAct && this.#act(blocker),
            blocker.kind === 'dead_letter' &&
              html('a', { href: '#/dead-letters', 'data-key': `letter ${i}` }, 'Dead letters'),
            runbooks === ''
              ? html('span', { class: 'muted' }, `Runbook: docs/runbooks/${name}`)
              : html('a', { href: `${runbooks}/${name}`, rel: 'noreferrer', 'data-key': `runbook ${i}` }, 'Runbook'),
          ),
        )
      }),
    )
  }

  #act({ kind, service, eventId }: BlockerLine): HTMLElement | undefined {
    if (eventId === null) return undefined
    const key = { class: 'primary', 'data-key': `act ${eventId}` }
    if (kind === 'parked') return button('Release', () => void this.#do(() => releaseEvents([eventId])), key)
    if (kind !== 'dead_letter') return undefined
    return button('Replay', () => void this.#do(() => replay(service, eventId)), key)
  }

  async #do(work: () => Promise<string | undefined>): Promise<void> {
    try {
      const result = await work()
      if (result === undefined) return
      announce(result)
      this.#onChange()
    } catch (error) {
      this.#onError(error)
    }
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

async function replay(service: string, id: string): Promise<string | undefined> {
  const question = { title: 'Replay 1 message?', text: 'It returns to its queue, with all attempts.', yes: 'Replay' }
  const confirmed = await confirmAct(question)
  if (confirmed === undefined) return undefined
  const body = { deadLetters: [{ service, id }], ...confirmed }
  const { done } = await post<DeadLetterOutcome>('dead-letters/replay', body)
  return done === 1 ? '1 replayed' : 'The dead letter is no longer in the queue, or could not be replayed'
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
