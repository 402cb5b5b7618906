import type { DeadLetterLine, DeadLetterOutcome, DeadLetters, Overview } from './answers.ts'
import { get, post } from './api.ts'
import { confirmAct } from './dialogs.ts'
import { announce, button, html, show, table } from './dom.ts'
import { clock, count } from './format.ts'

type Act = 'replay' | 'discard'

const keyOf = ({ service, id }: DeadLetterLine): string => `${service} ${id}`

/** Dead letters: to be read, and where the console may act, replayed or discarded. */
export class DeadLetterView {
  readonly element = html('section', { class: 'dead', 'aria-labelledby': 'dead-title' })
  readonly #onTrouble: (error: unknown) => void
  readonly #chosen = new Set<string>()
  #answer: DeadLetters | undefined
  #mayAct = false
  #result = ''

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
    const { deadLetters = [], tooMany = [] } = this.#answer ?? {}
    const titles = [...(this.#mayAct ? [''] : []), 'Event', 'Reason', 'Queue', 'Attempts', 'Replays', 'Since', 'Saga']
    show(
      this.element,
      html('h2', { id: 'dead-title' }, 'Dead letters'),
      html(
        'p',
        { class: 'muted' },
        this.#mayAct
          ? 'A replayed message goes back to its own queue. What was processed already is not processed again.'
          : 'The console is read-only here: replay and discard with CONSOLE=full, or with the saga command.',
      ),
      this.#mayAct && deadLetters.length > 0 && this.#actions(),
      this.#result !== '' && html('p', { class: 'result' }, `${this.#result}.`),
      deadLetters.length === 0
        ? html('p', { class: 'empty' }, 'There are no dead letters.')
        : table(
            'Table of dead letters',
            titles,
            deadLetters.map((line) => this.#row(line)),
          ),
      ...tooMany.map(({ service, count: many }) =>
        html(
          'p',
          { class: 'muted' },
          `${service} has ${count(many)} dead letters, too many to be shown here: use the saga command.`,
        ),
      ),
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
    const { id, queue, event, reason, attempts, replays, diedAt, sagaId } = line
    const box = html('input', { type: 'checkbox', 'aria-label': `Choose ${event} ${id}`, 'data-key': key })
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
      html('th', { scope: 'row', title: id }, event === '' ? 'unreadable' : event),
      html('td', { class: 'why' }, reason),
      html('td', {}, queue),
      html('td', {}, count(attempts)),
      html('td', {}, count(replays.length)),
      html('td', {}, diedAt === undefined ? '–' : clock(diedAt)),
      html(
        'td',
        { class: 'code' },
        sagaId === undefined
          ? '–'
          : html('a', { href: `#/saga/${sagaId}`, 'data-key': `saga ${key}` }, `…${sagaId.slice(-8)}`),
      ),
    )
  }

  async #act(act: Act): Promise<void> {
    const letters = (this.#answer?.deadLetters ?? []).filter((line) => this.#chosen.has(keyOf(line)))
    const many = `${count(letters.length)} ${letters.length === 1 ? 'message' : 'messages'}`
    const said = await confirmAct(
      act === 'replay'
        ? {
            title: `Replay ${many}?`,
            text: `They go back to ${queuesOf(letters)}.`,
            yes: 'Replay',
          }
        : {
            title: `Discard ${many}?`,
            text: `They are removed for good. A saga that waits for one of them ends at its deadline, or never.`,
            yes: 'Discard',
            danger: true,
          },
    )
    if (said === undefined) return
    try {
      const named = letters.map(({ service, id }) => ({ service, id }))
      const { done, missing, failed } = await post<DeadLetterOutcome>(`dead-letters/${act}`, {
        deadLetters: named,
        ...said,
      })
      this.#chosen.clear()
      this.#result = [
        `${count(done)} ${act === 'replay' ? 'replayed' : 'discarded'}`,
        missing > 0 ? `${count(missing)} were gone already` : '',
        failed > 0 ? `${count(failed)} could not be sent and are where they were` : '',
      ]
        .filter((part) => part !== '')
        .join(', ')
      announce(this.#result)
    } catch (error) {
      this.#onTrouble(error)
    }
    await this.read('full')
  }
}

function queuesOf(letters: readonly DeadLetterLine[]): string {
  return [...new Set(letters.map(({ queue }) => queue))].join(' and ')
}
