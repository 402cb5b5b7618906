import type { SagaDetail, ServiceName, TimelineStep } from './answers.ts'
import { svg } from './dom.ts'
import { span } from './format.ts'

type Message = Extract<TimelineStep, { kind: 'message' }>
type Participant = ServiceName | 'customer'

const participants: readonly Participant[] = ['customer', 'order', 'payment', 'inventory', 'notification']
const gutter = 76
const columnWidth = 158
const width = gutter + columnWidth * participants.length
const headHeight = 54
const rowHeight = 50

const xOf = (participant: Participant): number => gutter + columnWidth * (participants.indexOf(participant) + 0.5)

export function sequenceDiagram(saga: SagaDetail): SVGSVGElement {
  const rows = saga.timeline.length + (saga.waitsFor === null ? 0 : 1)
  const height = headHeight + rows * rowHeight + 14
  const begin = Date.parse(saga.createdAt)
  const picture = svg(
    'svg',
    { class: 'sequence', viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true', focusable: 'false' },
    ...participants.map((participant) => lifeline(participant, height)),
    ...saga.timeline.map((step, row) =>
      svg(
        'g',
        svg('text', { class: 'when', x: gutter - 10, y: middle(row) + 4 }, `+${span(Date.parse(step.at) - begin)}`),
        step.kind === 'message' ? message(step, middle(row)) : note(step, middle(row)),
      ),
    ),
    ...participants.map((participant) =>
      head(participant, participant === 'customer' ? '' : saga.records[participant]),
    ),
  )
  if (saga.waitsFor !== null) picture.append(waiting(saga.waitsFor, middle(saga.timeline.length)))
  return picture
}

const middle = (row: number): number => headHeight + row * rowHeight + rowHeight / 2 + 4

function lifeline(participant: Participant, height: number): SVGElement {
  return svg('line', { class: 'lifeline', x1: xOf(participant), x2: xOf(participant), y1: headHeight - 8, y2: height })
}

function head(participant: Participant, record: string | null): SVGElement {
  const x = xOf(participant)
  const holds = record ?? 'unavailable'
  return svg(
    'g',
    { class: `head ${record === null ? 'unavailable' : ''}` },
    svg('rect', { x: x - 72, y: 2, width: 144, height: 42, rx: 8 }),
    svg('text', { class: 'name', x, y: holds === '' ? 28 : 20 }, participant),
    holds !== '' && svg('text', { class: 'holds', x, y: 36 }, shortened(holds, 25), svg('title', holds)),
  )
}

function arrow(style: string, from: number, to: number, y: number, center: number, above: string, below: string) {
  const direction = to > from ? 1 : -1
  return svg(
    'g',
    { class: `message ${style}` },
    svg('line', { x1: from + direction * 3, x2: to - direction * 9, y1: y, y2: y }),
    svg('path', { d: `M${to - direction * 10},${y - 5} L${to - direction},${y} L${to - direction * 10},${y + 5} Z` }),
    svg('text', { class: 'event', x: center, y: y - 8 }, above),
    svg('text', { class: 'detail', x: center, y: y + 16 }, shortened(below, 44), svg('title', below)),
  )
}

function message({ from, to, event, detail, state, result }: Message, y: number): SVGElement {
  const [x1, x2] = [xOf(from), xOf(to)]
  const direction = x2 > x1 ? 1 : -1
  const below = [detail, result].filter((part) => part !== '').join(' · ')
  const reach = state === 'in_outbox' || state === 'parked' ? x1 + direction * 34 : x2
  const center = Math.abs(x2 - x1) > columnWidth * 1.5 ? x1 + direction * (columnWidth / 2 + 8) : (x1 + x2) / 2
  const drawn = arrow(state, x1, reach, y, center, event, below)
  drawn.append(svg('circle', { cx: x1, cy: y, r: 3 }))
  return drawn
}

function note({ service, description }: Extract<TimelineStep, { kind: 'note' }>, y: number): SVGElement {
  const x = xOf(service === 'operator' ? 'order' : service)
  const text = shortened(description, 60)
  const box = Math.max(110, text.length * 6.3 + 20)
  return svg(
    'g',
    { class: 'note' },
    svg('rect', { x: x - box / 2, y: y - 14, width: box, height: 27, rx: 6 }),
    svg('title', description),
    svg('text', { x, y: y + 4 }, text),
  )
}

function waiting({ service, events, since, usually }: NonNullable<SagaDetail['waitsFor']>, y: number): SVGElement {
  const [x1, x2] = [xOf(service), xOf('order')]
  const usual = usually === null ? 'not known yet' : `p50 ${span(usually.p50Ms)}, p95 ${span(usually.p95Ms)}`
  const drawn = arrow('waiting', x1, x2, y, (x1 + x2) / 2, `${events.join(' or ')}?`, `usually ${usual}`)
  const age = svg('tspan', { 'data-since': since }, span(Date.now() - Date.parse(since)))
  drawn.prepend(svg('text', { class: 'when', x: gutter - 10, y: y + 4 }, 'for ', age))
  return drawn
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
