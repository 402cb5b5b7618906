import type { OutboxLine, Overview, QueueLine } from './answers.ts'
import { html, show, table } from './dom.ts'
import { count, span } from './format.ts'

const longQueue = 1_000
const queueTitles = ['Queue', 'Ready', 'Consumers', 'To be retried', 'Dead letters', 'Problem']

export class DeliveryView {
  readonly element = html('section', { class: 'delivery', 'aria-labelledby': 'delivery-title' })

  show({ outboxes, queues }: Overview): void {
    show(
      this.element,
      html('h2', { id: 'delivery-title' }, 'Delivery'),
      html('h3', 'Outboxes'),
      table('Outboxes', ['Service', 'Pending', 'Oldest', 'Parked'], outboxes.map(outboxRow)),
      html('h3', 'Queues'),
      queues === null
        ? html('p', { class: 'empty' }, 'The broker is unavailable.')
        : table('Queues', queueTitles, queues.map(queueRow)),
      html('p', { class: 'muted' }, 'Ready messages wait for a consumer; unacknowledged messages are not counted.'),
    )
  }
}

function row(warn: boolean, first: string, ...rest: readonly string[]): HTMLElement {
  return html(
    'tr',
    { class: warn ? 'warn' : undefined },
    html('th', { scope: 'row' }, first),
    ...rest.map((text) => html('td', text)),
  )
}

function outboxRow({ service, state }: OutboxLine): HTMLElement {
  if (state === null) return row(true, service, 'unavailable', '', '')
  const { pending, oldestSeconds, parked } = state
  const oldest = pending === 0 ? '–' : span(oldestSeconds * 1_000)
  return row(parked > 0 || oldestSeconds > 30, service, count(pending), oldest, count(parked))
}

function queueRow({ queue, messages, consumers, retrying, deadLetters }: QueueLine): HTMLElement {
  const number = (value: number | null): string => (value === null ? '–' : count(value))
  const warnings = [
    messages === null ? 'is missing' : '',
    consumers === 0 ? 'has no consumer' : '',
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
