import type { OutboxLine, Overview, QueueLine } from './answers.ts'
import { html, show } from './dom.ts'
import { count, span } from './format.ts'

const longQueue = 1_000

/** Outboxes and queues at a glance. */
export class DeliveryView {
  readonly element = html('section', { class: 'delivery', 'aria-labelledby': 'delivery-title' })

  show({ outboxes, queues }: Overview): void {
    show(
      this.element,
      html('h2', { id: 'delivery-title' }, 'Delivery'),
      html('h3', {}, 'Outboxes'),
      table('Outboxes', ['Service', 'Pending', 'Oldest', 'Parked'], outboxes.map(outboxRow)),
      html('h3', {}, 'Queues'),
      queues === null
        ? html('p', { class: 'empty' }, 'The broker does not answer.')
        : table(
            'Queues',
            ['Queue', 'Ready', 'Consumers', 'To be tried again', 'Dead letters', 'Trouble'],
            queues.map(queueRow),
          ),
      html('p', { class: 'muted' }, 'Ready messages wait for a consumer; those a consumer holds are not counted.'),
    )
  }
}

function table(label: string, titles: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  return html(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label, 'data-key': label },
    html(
      'table',
      {},
      html('thead', {}, html('tr', {}, ...titles.map((title) => html('th', { scope: 'col' }, title)))),
      html('tbody', {}, ...rows),
    ),
  )
}

function row(warn: boolean, first: string, ...rest: readonly string[]): HTMLElement {
  return html(
    'tr',
    { class: warn ? 'warn' : undefined },
    html('th', { scope: 'row' }, first),
    ...rest.map((text) => html('td', {}, text)),
  )
}

function outboxRow({ service, state, pending, oldestSeconds, parked }: OutboxLine): HTMLElement {
  if (state !== 'answered')
    return row(state === 'no_answer', service, state === 'not_asked' ? 'not asked' : 'no answer', '', '')
  const oldest = pending === 0 ? '–' : span(oldestSeconds * 1_000)
  return row(parked > 0 || oldestSeconds > 30, service, count(pending), oldest, count(parked))
}

function queueRow({ queue, messages, consumers, retrying, deadLetters }: QueueLine): HTMLElement {
  const number = (value: number | null): string => (value === null ? '–' : count(value))
  const warnings = [
    messages === null ? 'is missing' : '',
    consumers === 0 ? 'nobody consumes it' : '',
    (messages ?? 0) > longQueue ? 'is long' : '',
    (deadLetters ?? 0) > 0 ? 'has dead letters' : '',
  ].filter((warning) => warning !== '')
  return row(
    warnings.length > 0,
    queue,
    ...[messages, consumers, retrying, deadLetters].map(number),
    warnings.join(', '),
  )
}
