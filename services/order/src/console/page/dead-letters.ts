import type { DeadLetterLine, DeadLetterOutcome, DeadLetters, Overview } from './answers.ts'
import { get, post } from './api.ts'
import { confirm } from './dialogs.ts'
import { announce, button, html, show } from './dom.ts'
import { clock, count } from './format.ts'

type Act = 'replay' | 'discard'

const keyOf = ({ queue, eventId }: DeadLetterLine): string => `${queue} ${eventId}`

/** Messages that could not be handled: to be read, and where the console may act, sent again or thrown away. */
export class DeadLetterView {
  readonly element = html('section', { class: 'dead', 'aria-labelledby': 'dead-title' })
  readonly #onTrouble: (error: unknown) => void
  readonly #chosen = new Set<string>()
  #answer: DeadLetters | undefined
  #mayAct = false

  constructor(onTrouble: (error: unknown) => void) {
    this.#onTrouble = onTrouble
  }

  async read(mode: Overview['mode']): Promise<void> {
    this.#mayAct = mode === 'full'
    try {
      this.#answer = await get<DeadLetters>('dead-letters')
      const there = new Set(this.#answer.deadLetters.map(keyOf))
      for (const key of this.#chosen) if (!there.has(key)) this.#chosen.delete(key)
      this.#render()
    } catch (error) {
      this.#onTrouble(error)
    }
  }

  #render(): void {
    const { deadLetters = [], more = false } = this.#answer ?? {}
    const titles = [...(this.#mayAct ? [''] : []), 'Queue', 'Event', 'Why', 'Attempts', 'First failed', 'Saga']
    show(
      this.element,
      html('h2', { id: 'dead-title' }, 'Dead letters'),
      html(
        'p',
        { class: 'muted' },
        this.#mayAct
          ? 'Replayed, a message goes to its own queue again and is handled as if it were new; what was handled already stays as it is.'
          : 'The console is read-only here: replay and discard with CONSOLE=full, or with the saga command.',
      ),
      this.#mayAct && deadLetters.length > 0 && this.#actions(),
      deadLetters.length === 0
        ? html('p', { class: 'empty' }, 'There are no dead letters.')
        : html(
            'div',
            { class: 'scroll' },
            html(
              'table',
              {},
              html(
                'thead',
                {},
                html(
                  'tr',
                  {},
                  ...titles.map((title) => (title === '' ? html('td', {}) : html('th', { scope: 'col' }, title))),
                ),
              ),
              html('tbody', {}, ...deadLetters.map((line) => this.#row(line))),
            ),
          ),
      more && html('p', { class: 'muted' }, 'There are more than are shown here.'),
    )
  }

  #actions(): HTMLElement {
    const none = this.#chosen.size === 0
    return html(
      'p',
      { class: 'actions start' },
      button('Replay', () => void this.#act('replay'), { class: 'primary', disabled: none, 'data-key': 'replay' }),
      button('Discard', () => void this.#act('discard'), { class: 'danger', disabled: none, 'data-key': 'discard' }),
      html('span', { class: 'muted' }, `${count(this.#chosen.size)} chosen`),
    )
  }

  #row(line: DeadLetterLine): HTMLElement {
    const key = keyOf(line)
    const { queue, event, eventId, reason, attempt, firstFailure, sagaId } = line
    const box = html('input', {
      type: 'checkbox',
      'aria-label': `Choose ${event} ${eventId}`,
      'data-key': key,
      disabled: eventId === '',
    })
    box.checked = this.#chosen.has(key)
    box.addEventListener('change', () => {
      if (box.checked) this.#chosen.add(key)
      else this.#chosen.delete(key)
      this.#render()
    })
    return html(
      'tr',
      {},
      this.#mayAct && html('td', {}, box),
      html('td', {}, queue),
      html('th', { scope: 'row' }, event === '' ? 'unreadable' : event),
      html('td', { class: 'why' }, reason),
      html('td', {}, count(attempt)),
      html('td', {}, firstFailure === null ? '–' : clock(firstFailure)),
      html(
        'td',
        { class: 'code' },
        sagaId === ''
          ? '–'
          : html('a', { href: `#/saga/${sagaId}`, 'data-key': `saga ${key}` }, `…${sagaId.slice(-8)}`),
      ),
    )
  }

  async #act(act: Act): Promise<void> {
    const letters = (this.#answer?.deadLetters ?? []).filter((line) => this.#chosen.has(keyOf(line)))
    const many = `${count(letters.length)} ${letters.length === 1 ? 'message' : 'messages'}`
    const agreed = await confirm(
      act === 'replay'
        ? {
            title: `Replay ${many}?`,
            text: `They go back to ${queuesOf(letters)} and are handled again.`,
            yes: 'Replay',
          }
        : {
            title: `Discard ${many}?`,
            text: `They are removed from ${queuesOf(letters)} for ever. A saga that waits for one of them ends at its deadline, or never.`,
            yes: 'Discard',
            danger: true,
          },
    )
    if (!agreed) return
    try {
      const wanted = letters.map(({ service, eventId }) => ({ service, eventId }))
      const { done, missing } = await post<DeadLetterOutcome>(`dead-letters/${act}`, { deadLetters: wanted })
      this.#chosen.clear()
      announce(
        `${count(done)} ${act === 'replay' ? 'replayed' : 'discarded'}${missing > 0 ? `, ${count(missing)} were gone already` : ''}.`,
      )
    } catch (error) {
      this.#onTrouble(error)
    }
    await this.read('full')
  }
}

function queuesOf(letters: readonly DeadLetterLine[]): string {
  return [...new Set(letters.map(({ queue }) => queue))].join(' and ')
}
