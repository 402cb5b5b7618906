import type { DeadLetterOutcome, Overview, ParkedEventLine, ParkedEvents } from './answers.ts'
import { get, post } from './api.ts'
import { confirmAct } from './dialogs.ts'
import { announce, button, html, show, table } from './dom.ts'
import { clock, count } from './format.ts'

const titles = ['Event', 'Reason', 'Outbox', 'Attempts', 'Parked', 'Saga']

/** Requests operator and reason, and releases the events. @returns what happened; undefined if cancelled */
export async function releaseEvents(ids: readonly string[]): Promise<string | undefined> {
  const many = `${count(ids.length)} ${ids.length === 1 ? 'event' : 'events'}`
  const text = 'The relay publishes them again. Without a bound queue they are parked again after the same time.'
  const confirmed = await confirmAct({ title: `Release ${many}?`, text, yes: 'Release' })
  if (confirmed === undefined) return undefined
  const { done, missing, failed } = await post<DeadLetterOutcome>('parked/release', { events: ids, ...confirmed })
  return [
    `${count(done)} released`,
    ...(missing > 0 ? [`${count(missing)} no longer parked`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
  ].join(', ')
}

export class ParkedView {
  readonly element = html('section', { class: 'dead', 'aria-labelledby': 'parked-title' })
  readonly #onError: (error: unknown) => void
  readonly #chosen = new Set<string>()
  #answer: ParkedEvents = { events: [], more: false }
  #mayAct = false
  #result = ''

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  async read(mode: Overview['mode']): Promise<void> {
    this.#mayAct = mode === 'full'
    try {
      this.#answer = await get<ParkedEvents>('parked')
      const there = new Set(this.#answer.events.map(({ eventId }) => eventId))
      for (const id of this.#chosen) if (!there.has(id)) this.#chosen.delete(id)
      this.#render()
    } catch (error) {
      this.#onError(error)
    }
  }

  #render(): void {
    const { events, more } = this.#answer
    const none = this.#chosen.size === 0
    show(
      this.element,
      html('h2', { id: 'parked-title' }, 'Parked events'),
      html('p', { class: 'muted' }, 'Events that no queue accepted. Restore the binding first: saga topology repair.'),
      this.#mayAct &&
        events.length > 0 &&
        html(
          'p',
          { class: 'actions' },
          button('Release', () => void this.#release(), { class: 'primary', disabled: none, 'data-key': 'release' }),
          html('span', { class: 'muted' }, `${count(this.#chosen.size)} chosen`),
        ),
      this.#result !== '' && html('p', `${this.#result}.`),
      events.length === 0
        ? html('p', { class: 'empty' }, 'There are no parked events.')
        : table(
            'Table of parked events',
            this.#mayAct ? ['', ...titles] : titles,
            events.map((line) => this.#row(line)),
          ),
      more && html('p', { class: 'muted' }, 'There are more: saga outbox list shows all.'),
    )
  }

  #row({ eventId, store, event, sagaId, reason, attempts, parkedAt }: ParkedEventLine): HTMLElement {
    const checked = this.#chosen.has(eventId)
    const box = html('input', {
      type: 'checkbox',
      'aria-label': `Choose ${event} ${eventId}`,
      'data-key': eventId,
      checked,
    })
    box.addEventListener('change', () => {
      if (!this.#chosen.delete(eventId)) this.#chosen.add(eventId)
      this.#render()
    })
    return html(
      'tr',
      this.#mayAct && html('td', box),
      html('th', { scope: 'row', title: eventId }, event),
      html('td', { class: 'why' }, reason),
      html('td', store),
      html('td', count(attempts)),
      html('td', clock(parkedAt)),
      html('td', { class: 'code' }, html('a', { href: `#/saga/${sagaId}` }, `…${sagaId.slice(-8)}`)),
    )
  }

  async #release(): Promise<void> {
    try {
      const result = await releaseEvents([...this.#chosen])
      if (result === undefined) return
      this.#chosen.clear()
      this.#result = result
      announce(result)
    } catch (error) {
      this.#onError(error)
    }
    await this.read('full')
  }
}
