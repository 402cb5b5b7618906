import type { MessageState, Participant, SagaDetail, TimelineStep } from './answers.ts'
import { svg } from './dom.ts'
import { span } from './format.ts'

type Message = Extract<TimelineStep, { kind: 'message' }>
type Lane = Message['from']

const lanes: readonly Lane[] = ['customer', 'order', 'payment', 'inventory', 'notification']
const gutter = 66
const laneWidth = 158
const width = gutter + laneWidth * lanes.length
const headHeight = 54
const rowHeight = 50

const xOf = (lane: Lane): number => gutter + laneWidth * (lanes.indexOf(lane) + 0.5)

/** The words under an arrow that did not just arrive. */
const stateWords: Readonly<Record<MessageState, string>> = {
  in_outbox: 'still in the outbox',
  parked: 'parked in the outbox',
  on_its_way: 'on its way',
  in_hand: 'taken up',
  handled: '',
  dead_lettered: 'dead letter',
  unknown: 'not known whether handled',
}

/** One saga's way through all services as a picture; the same is beside it as a table, for those who do not see it. */
export function sequenceDiagram(saga: SagaDetail): SVGSVGElement {
  const rows = saga.steps.length + (saga.waitsFor === null ? 0 : 1)
  const height = headHeight + rows * rowHeight + 14
  const begin = Date.parse(saga.createdAt)
  const picture = svg(
    'svg',
    { class: 'sequence', viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true', focusable: 'false' },
    ...lanes.map((lane) => lifeline(lane, height)),
    ...saga.steps.map((step, row) =>
      svg(
        'g',
        {},
        svg('text', { class: 'when', x: gutter - 10, y: middle(row) + 4 }, `+${span(Date.parse(step.at) - begin)}`),
        step.kind === 'message' ? arrow(step, middle(row)) : note(step, middle(row)),
      ),
    ),
    ...lanes.map((lane) =>
      head(
        lane,
        saga.participants.find(({ service }) => service === lane),
      ),
    ),
  )
  if (saga.waitsFor !== null) picture.append(waiting(saga.waitsFor, middle(saga.steps.length)))
  return picture
}

const middle = (row: number): number => headHeight + row * rowHeight + rowHeight / 2 + 4

function lifeline(lane: Lane, height: number): SVGElement {
  return svg('line', { class: 'lifeline', x1: xOf(lane), x2: xOf(lane), y1: headHeight - 8, y2: height })
}

function head(lane: Lane, participant: Participant | undefined): SVGElement {
  const x = xOf(lane)
  const said =
    participant === undefined
      ? ''
      : participant.state === 'not_asked'
        ? 'not asked'
        : participant.state === 'no_answer'
          ? 'no answer'
          : participant.holds
  return svg(
    'g',
    { class: `head ${participant?.state ?? ''}` },
    svg('rect', { x: x - 72, y: 2, width: 144, height: 42, rx: 8 }),
    svg('text', { class: 'name', x, y: said === '' ? 28 : 20 }, lane),
    said !== '' && svg('text', { class: 'holds', x, y: 36 }, shortened(said, 25), svg('title', {}, said)),
  )
}

function arrow(message: Message, y: number): SVGElement {
  const { from, to, event, detail, state, note: more, handledAt, at } = message
  const [x1, x2] = [xOf(from), xOf(to)]
  const direction = x2 > x1 ? 1 : -1
  const took = handledAt === null ? '' : `in ${span(Date.parse(handledAt) - Date.parse(at))}`
  const below = [
    from === 'customer' ? detail : [detail, took].filter((part) => part !== '').join(' · '),
    stateWords[state],
    more,
  ]
    .filter((part) => part !== '')
    .join(' · ')
  const reach = state === 'in_outbox' || state === 'parked' ? x1 + direction * 34 : x2
  const center = Math.abs(x2 - x1) > laneWidth * 1.5 ? x1 + (direction * laneWidth) / 2 + direction * 8 : (x1 + x2) / 2
  return svg(
    'g',
    { class: `message ${state}` },
    svg('title', {}, `${event} from ${from} to ${to}: ${below}`),
    svg('line', { x1: x1 + direction * 3, x2: reach - direction * 9, y1: y, y2: y }),
    svg('path', {
      d: `M${reach - direction * 10},${y - 5} L${reach - direction * 1},${y} L${reach - direction * 10},${y + 5} Z`,
    }),
    svg('circle', { cx: x1, cy: y, r: 3 }),
    svg('text', { class: 'event', x: center, y: y - 8 }, event),
    svg('text', { class: 'detail', x: center, y: y + 16 }, shortened(below, 44)),
  )
}

function note({ service, text }: Extract<TimelineStep, { kind: 'note' }>, y: number): SVGElement {
  const x = xOf(service)
  const box = Math.max(110, text.length * 6.3 + 20)
  return svg(
    'g',
    { class: 'note' },
    svg('rect', { x: x - box / 2, y: y - 14, width: box, height: 27, rx: 6 }),
    svg('text', { x, y: y + 4 }, text),
  )
}

function waiting({ service, events, since, usually }: NonNullable<SagaDetail['waitsFor']>, y: number): SVGElement {
  const [x1, x2] = [xOf(service), xOf('order')]
  return svg(
    'g',
    { class: 'message waiting' },
    svg('line', { x1: x1 - 3, x2: x2 + 9, y1: y, y2: y }),
    svg('path', { d: `M${x2 + 10},${y - 5} L${x2 + 1},${y} L${x2 + 10},${y + 5} Z` }),
    svg(
      'text',
      { class: 'when', x: gutter - 10, y: y + 4 },
      'for ',
      svg('tspan', { 'data-since': since }, span(Date.now() - Date.parse(since))),
    ),
    svg('text', { class: 'event', x: (x1 + x2) / 2, y: y - 8 }, `${events.join(' or ')}?`),
    svg(
      'text',
      { class: 'detail', x: (x1 + x2) / 2, y: y + 16 },
      usually === null ? 'usual time unknown yet' : `usually ${span(usually.p50Ms)}, 95 % in ${span(usually.p95Ms)}`,
    ),
  )
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
