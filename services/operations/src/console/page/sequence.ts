import type { SagaDetail, ServiceName, TimelineStep } from './answers.ts'
import { svg } from './dom.ts'
import { span } from './format.ts'

type Message = Extract<TimelineStep, { kind: 'message' }>
type Participant = ServiceName | 'customer'

const participants: readonly Participant[] = ['customer', 'order', 'payment', 'inventory', 'notification']
/** The longest time, `+23 h 59 min`, at 11 px. */
const gutter = 92
const columnWidth = 132
const width = gutter + columnWidth * participants.length
const headHeight = 54
const rowHeight = 50
const lineHeight = 13
/** Characters of a line of text below an arrow, and lines; the table has the whole text. */
const lineLimit = { characters: 44, lines: 4 } as const

const xOf = (participant: Participant): number => gutter + columnWidth * (participants.indexOf(participant) + 0.5)

export function sequenceDiagram(saga: SagaDetail): SVGSVGElement {
  const waits = saga.waitsFor !== null
  const heights = saga.timeline.map((step) => rowHeight + lineHeight * (linesBelow(step).length - 1))
  const middles = middlesOf([...heights, rowHeight])
  const height = headHeight + heights.reduce((sum, each) => sum + each, waits ? rowHeight : 0) + 14
  const begin = Date.parse(saga.createdAt)
  const picture = svg(
    'svg',
    { class: 'sequence', viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true', focusable: 'false' },
    ...participants.map((participant) => lifeline(participant, height)),
    ...saga.timeline.map((step, row) =>
      svg(
        'g',
        svg(
          'text',
          { class: 'when', x: gutter - 10, y: (middles[row] ?? 0) + 4 },
          `+${span(Date.parse(step.at) - begin)}`,
        ),
        step.kind === 'message' ? message(step, middles[row] ?? 0) : note(step, middles[row] ?? 0),
      ),
    ),
    ...participants.map((participant) =>
      head(participant, participant === 'customer' ? '' : saga.records[participant]),
    ),
  )
  if (saga.waitsFor !== null) picture.append(waiting(saga.waitsFor, middles.at(-1) ?? 0))
  return picture
}

/** The vertical positions of the arrows of rows with these heights. */
function middlesOf(heights: readonly number[]): number[] {
  let top = headHeight
  return heights.map((height) => {
    const middle = top + rowHeight / 2 + 4
    top += height
    return middle
  })
}

const textBelow = ({ detail, result }: Message): string => [detail, result].filter((part) => part !== '').join(' · ')

function linesBelow(step: TimelineStep): string[] {
  return step.kind === 'message' ? wrapped(textBelow(step)) : ['']
}

/** Breaks a text at spaces, or within a long word. */
function wrapped(text: string): string[] {
  const lines = ['']
  for (const word of text.split(' ').flatMap(pieces)) {
    const last = lines.at(-1) ?? ''
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + 1 + word.length <= lineLimit.characters) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  if (lines.length <= lineLimit.lines) return lines
  return [...lines.slice(0, lineLimit.lines - 1), `${lines[lineLimit.lines - 1] ?? ''} …`]
}

const pieces = (word: string): string[] => word.match(/.{1,44}/gsu) ?? ['']

function lifeline(participant: Participant, height: number): SVGElement {
  return svg('line', { class: 'lifeline', x1: xOf(participant), x2: xOf(participant), y1: headHeight - 8, y2: height })
}

function head(participant: Participant, record: string | null): SVGElement {
  const x = xOf(participant)
  const holds = record ?? 'unavailable'
  return svg(
    'g',
    { class: `head ${record === null ? 'unavailable' : ''}` },
    svg('rect', { x: x - 62, y: 2, width: 124, height: 42, rx: 8 }),
    svg('text', { class: 'name', x, y: holds === '' ? 28 : 20 }, participant),
    holds !== '' && svg('text', { class: 'holds', x, y: 36 }, shortened(holds, 21), svg('title', holds)),
  )
}

function arrow(style: string, from: number, to: number, y: number, center: number, above: string, below: string[]) {
  const direction = to > from ? 1 : -1
  return svg(
    'g',
    { class: `message ${style}` },
    svg('line', { x1: from + direction * 3, x2: to - direction * 9, y1: y, y2: y }),
    svg('path', { d: `M${to - direction * 10},${y - 5} L${to - direction},${y} L${to - direction * 10},${y + 5} Z` }),
    svg('text', { class: 'event', x: center, y: y - 8 }, above),
    svg(
      'text',
      { class: 'detail', x: center, y: y + 16 },
      ...below.map((line, i) => svg('tspan', { x: center, dy: i === 0 ? 0 : lineHeight }, line)),
    ),
  )
}

function message(step: Message, y: number): SVGElement {
  const { from, to, event, state, isBlocked } = step
  const [x1, x2] = [xOf(from), xOf(to)]
  const direction = x2 > x1 ? 1 : -1
  const reach = state === 'in_outbox' || state === 'parked' ? x1 + direction * 34 : x2
  const center = Math.abs(x2 - x1) > columnWidth * 1.5 ? x1 + direction * (columnWidth / 2 + 8) : (x1 + x2) / 2
  const drawn = arrow(
    `${state} ${isBlocked ? 'is-blocked' : ''}`,
    x1,
    reach,
    y,
    center,
    event,
    wrapped(textBelow(step)),
  )
  drawn.append(svg('circle', { cx: x1, cy: y, r: 3 }))
  return drawn
}

function note({ service, description }: Extract<TimelineStep, { kind: 'note' }>, y: number): SVGElement {
  const x = xOf(service === 'operator' ? 'order' : service)
  const text = shortened(description, 60)
  const box = Math.max(110, text.length * 6.3 + 20)
  // Within the picture, also at its edges.
  const left = Math.min(Math.max(x - box / 2, gutter), width - box)
  return svg(
    'g',
    { class: 'note' },
    svg('rect', { x: left, y: y - 14, width: box, height: 27, rx: 6 }),
    svg('title', description),
    svg('text', { x: left + box / 2, y: y + 4 }, text),
  )
}

function waiting({ service, events, since, usually }: NonNullable<SagaDetail['waitsFor']>, y: number): SVGElement {
  const [x1, x2] = [xOf(service), xOf('order')]
  const usual = usually === null ? 'not known yet' : `p50 ${span(usually.p50Ms)}, p95 ${span(usually.p95Ms)}`
  const drawn = arrow('waiting', x1, x2, y, (x1 + x2) / 2, `${events.join(' or ')}?`, [`usually ${usual}`])
  const age = svg('tspan', { 'data-since': since }, span(Date.now() - Date.parse(since)))
  drawn.prepend(svg('text', { class: 'when', x: gutter - 10, y: y + 4 }, 'for ', age))
  return drawn
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
