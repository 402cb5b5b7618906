import type { DeadLetterGroupLine, DeadLetterLine, DeadLetterOutcome, DeadLetters, Overview } from './answers.ts'
import { get, post } from './api.ts'
import { confirmAct } from './dialogs.ts'
import { announce, button, html, show, table } from './dom.ts'
import { clock, count } from './format.ts'

type Act = 'replay' | 'discard'

const titles = ['Event', 'Reason', 'Queue', 'Attempts', 'Replays', 'Since', 'Saga']
const groupTitles = ['Event', 'Reason', 'Queue', 'Count', 'First', 'Last']
const keyOf = ({ service, id }: DeadLetterLine): string => `${service} ${id}`

export class DeadLetterView {
  readonly element = html('section', { class: 'dead', 'aria-labelledby': 'dead-title' })
  readonly #onError: (error: unknown) => void
  readonly #chosen = new Set<string>()
  #answer: DeadLetters = { groups: [], deadLetters: [], tooMany: [] }
  #mayAct = false
  #result = ''

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Number of dead letters at the last read, which may be some seconds old. */
  get size(): number {
    const { deadLetters, tooMany } = this.#answer
    return tooMany.reduce((sum, { count: many }) => sum + many, deadLetters.length)
  }

  async read(mode: Overview['mode']): Promise<void> {
    this.#mayAct = mode === 'full'
    try {
      this.#answer = await get<DeadLetters>('dead-letters')
      const there = new Set(this.#answer.deadLetters.map(keyOf))
      for (const key of this.#chosen) if (!there.has(key)) this.#chosen.delete(key)
      this.#render()
    } catch (error) {
      this.#onError(error)
    }
  }

  #render(): void {
    const { groups, deadLetters, tooMany } = this.#answer
    const rows = deadLetters.map((line) => this.#row(line))
    show(
      this.element,
      html('h2', { id: 'dead-title' }, 'Dead letters'),
      html(
        'p',
        { class: 'muted' },
        this.#mayAct
          ? 'A replayed message returns to its queue. The inbox discards events that were already processed.'
          : 'The console is read-only: replay and discard require CONSOLE=full, or the saga command.',
      ),
      groups.length > 0 && html('h3', 'By cause'),
      groups.length > 0 &&
        table(
          'Table of groups',
          [...groupTitles, ...(this.#mayAct ? [''] : [])],
          groups.map((line) => this.#group(line)),
        ),
      deadLetters.length > 0 && html('h3', 'Messages'),
      this.#mayAct && deadLetters.length > 0 && this.#actions(),
      this.#result !== '' && html('p', `${this.#result}.`),
      deadLetters.length === 0
        ? html('p', { class: 'empty' }, 'There are no dead letters.')
        : table('Table of dead letters', this.#mayAct ? ['', ...titles] : titles, rows),
      ...tooMany.map(({ service, count: many }) =>
        html('p', { class: 'muted' }, `${service} has ${count(many)}, too many for this page: use the saga command.`),
      ),
    )
  }

  #actions(): HTMLElement {
    const none = this.#chosen.size === 0
    return html(
      'p',
      { class: 'actions' },
      button('Replay', () => void this.#act('replay'), { class: 'primary', disabled: none, 'data-key': 'replay' }),
      button('Discard', () => void this.#act('discard'), { class: 'danger', disabled: none, 'data-key': 'discard' }),
      html('span', { class: 'muted' }, `${count(this.#chosen.size)} chosen`),
    )
  }

  #group(line: DeadLetterGroupLine): HTMLElement {
    const { group, event, queue, reason, count: many, first, last } = line
    const time = (at: string | null): string => (at === null ? '–' : clock(at))
    const act = (name: Act, style: string): HTMLElement =>
      button(name === 'replay' ? 'Replay' : 'Discard', () => void this.#actOnGroup(name, line), {
        class: style,
        'data-key': `${name} ${group}`,
        'aria-label': `${name === 'replay' ? 'Replay' : 'Discard'} group ${event} ${reason}`,
      })
    return html(
      'tr',
      html('th', { scope: 'row', title: group }, event === '' ? 'unreadable' : event),
      html('td', { class: 'why' }, reason),
      html('td', queue),
      html('td', count(many)),
      html('td', time(first)),
      html('td', time(last)),
      this.#mayAct && html('td', html('p', { class: 'actions' }, act('replay', 'primary'), act('discard', 'danger'))),
    )
  }

  #row(line: DeadLetterLine): HTMLElement {
    const key = keyOf(line)
    const { id, queue, event, reason, attempts, replays, deadLetteredAt, sagaId } = line
    const checked = this.#chosen.has(key)
    const box = html('input', { type: 'checkbox', 'aria-label': `Choose ${event} ${id}`, 'data-key': key, checked })
    box.addEventListener('change', () => {
      if (!this.#chosen.delete(key)) this.#chosen.add(key)
      this.#render()
    })
    const link = sagaId && html('a', { href: `#/saga/${sagaId}`, 'data-key': `saga ${key}` }, `…${sagaId.slice(-8)}`)
    return html(
      'tr',
      this.#mayAct && html('td', box),
      html('th', { scope: 'row', title: id }, event === '' ? 'unreadable' : event),
      html('td', { class: 'why' }, reason, causeOf(line)),
      html('td', queue),
      html('td', count(attempts)),
      html('td', count(replays.length)),
      html('td', deadLetteredAt === undefined ? '–' : clock(deadLetteredAt)),
      html('td', { class: 'code' }, link ?? '–'),
    )
  }

  async #act(act: Act): Promise<void> {
    const letters = this.#answer.deadLetters.filter((line) => this.#chosen.has(keyOf(line)))
    const queues = [...new Set(letters.map(({ queue }) => queue))].join(' and ')
    const chosen = { deadLetters: letters.map(({ service, id }) => ({ service, id })) }
    await this.#confirmed(act, { many: letters.length, queues, chosen })
  }

  async #actOnGroup(act: Act, { group, count: many, queue }: DeadLetterGroupLine): Promise<void> {
    await this.#confirmed(act, { many, queues: queue, chosen: { group } })
  }

  async #confirmed(
    act: Act,
    { many, queues, chosen }: { many: number; queues: string; chosen: object },
  ): Promise<void> {
    const messages = `${count(many)} ${many === 1 ? 'message' : 'messages'}`
    const warning =
      'They are removed permanently. A saga that waits for one of them is cancelled at its deadline, or never completes.'
    const confirmed = await confirmAct(
      act === 'replay'
        ? { title: `Replay ${messages}?`, text: `They return to ${queues}.`, yes: 'Replay' }
        : { title: `Discard ${messages}?`, text: warning, yes: 'Discard', danger: true },
    )
    if (confirmed === undefined) return
    try {
      const {
        done,
        missing,
        failed,
        failures = [],
      } = await post<DeadLetterOutcome>(`dead-letters/${act}`, {
        ...chosen,
        ...confirmed,
      })
      this.#chosen.clear()
      this.#result = [
        `${count(done)} ${act === 'replay' ? 'replayed' : 'discarded'}`,
        ...(missing > 0 ? [`${count(missing)} no longer in the queue`] : []),
        ...(failed > 0 ? [`${count(failed)} failed and still in the queue (${failures.join('; ')})`] : []),
      ].join(', ')
      announce(this.#result)
    } catch (error) {
      this.#onError(error)
    }
    await this.read('full')
  }
}

/** The cause that the consumer recorded, to be opened and copied. */
function causeOf({ failure }: DeadLetterLine): HTMLElement | undefined {
  if (failure === undefined) return undefined
  const { chain, sqlState, statement, table: place, constraint, where, stack } = failure
  const lines: [string, string | undefined][] = [
    ['SQLSTATE', sqlState],
    ['statement', statement],
    ['table', place],
    ['constraint', constraint],
    ['where', where],
    ['error', chain.join('\ncaused by ')],
    ['stack', stack],
  ]
  const text = lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`])).join('\n')
  return html(
    'details',
    html('summary', sqlState === undefined ? 'Cause' : `Cause: SQLSTATE ${sqlState}`),
    html('pre', text),
  )
}
