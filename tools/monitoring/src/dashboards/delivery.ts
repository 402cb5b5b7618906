import { calm, type DashboardSpec, here, linkTo, noneAllowed, percentile, upTo } from './panel.ts'

const queueOf = (selector: string): string => `rabbitmq_detailed_queue_messages{${here}, ${selector}}`
const deadLetters = 'queue=~".+[.]dlq"'
const waiting = 'queue=~".+[.]retry[.][0-9]+"'
const consumed = (selector = ''): string => `event_consumed_total{${here}${selector}}`
const toServers = [linkTo('order-saga-servers', 'PostgreSQL and RabbitMQ')]

export const delivery: DashboardSpec = {
  uid: 'order-saga-delivery',
  title: 'Order saga / Delivery',
  description: 'Where events wait, between the outbox of one service and the reaction of the next.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Pending in the outboxes',
          description: 'Events that are committed and not yet published, of all services. Normal: near 0.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(100, 1_000),
          queries: [{ expr: `sum(max by (service) (outbox_pending_events{${here}}))`, legend: 'pending' }],
        },
        {
          title: 'Oldest in an outbox',
          description: 'How long the oldest of them has waited. Normal: below a second or two.',
          kind: 'number',
          unit: 's',
          width: 4,
          steps: upTo(10, 60),
          links: toServers,
          queries: [{ expr: `max(outbox_oldest_pending_seconds{${here}})`, legend: 'oldest' }],
        },
        {
          title: 'Parked',
          description:
            'Events set aside because nothing is bound for them or they are too large. Normal: 0. `saga outbox list` shows them.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: noneAllowed,
          queries: [{ expr: `sum(max by (service) (outbox_parked_events{${here}}))`, legend: 'parked' }],
        },
        {
          title: 'Backlog',
          description:
            'Messages at hand in all services’ queues. Normal: below what one pod is meant for (targetBacklog).',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(500, 5_000),
          queries: [{ expr: `sum(saga_queue_backlog{${here}})`, legend: 'backlog' }],
        },
        {
          title: 'Waiting for another attempt',
          description: 'Messages in the retry queues. Normal: 0, or a few after a failure that passes.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(10, 100),
          queries: [{ expr: `sum(max by (queue) (${queueOf(waiting)}))`, legend: 'waiting' }],
        },
        {
          title: 'Dead letters',
          description:
            'Messages that were given up; each is an effect somebody waits for. Normal: 0. `saga dead-letters list` shows them.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: noneAllowed,
          queries: [{ expr: `sum(max by (queue) (${queueOf(deadLetters)}))`, legend: 'dead letters' }],
        },
      ],
    },
    {
      title: 'Outbox',
      panels: [
        {
          title: 'Pending events',
          description: 'By service. Normal: near 0; a line that rises means that a relay does not publish.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: upTo(100, 1_000),
          queries: [{ expr: `max by (service) (outbox_pending_events{${here}})`, legend: '{{service}}' }],
        },
        {
          title: 'Age of the oldest pending event',
          description: 'By service. Normal: below a second or two.',
          kind: 'lines',
          unit: 's',
          width: 8,
          steps: upTo(10, 60),
          links: toServers,
          queries: [{ expr: `max by (service) (outbox_oldest_pending_seconds{${here}})`, legend: '{{service}}' }],
        },
        {
          title: 'Published',
          description:
            'Events a second the broker has confirmed, by kind. Normal: order.created as often as orders come, the others follow.',
          kind: 'lines',
          unit: 'ops',
          width: 8,
          steps: calm,
          queries: [
            { expr: `sum by (event) (rate(outbox_published_total{${here}}[$__rate_interval]))`, legend: '{{event}}' },
          ],
        },
      ],
    },
    {
      title: 'Queues',
      panels: [
        {
          title: 'Backlog by queue',
          description:
            'Ready and unacknowledged messages of a service’s queue and lanes: what the autoscaler sees. Normal: low; it may rise while pods are added.',
          kind: 'lines',
          unit: 'short',
          width: 12,
          steps: upTo(500, 5_000),
          queries: [{ expr: `saga_queue_backlog{${here}}`, legend: '{{queue}}' }],
        },
        {
          title: 'Time to drain',
          description:
            'The backlog divided by what is consumed: how long the last message will wait. Normal: seconds; beyond SAGA_TIMEOUT_MS orders will time out.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(30, 90),
          queries: [
            {
              expr: `sum by (queue) (saga_queue_backlog{${here}}) / (sum by (queue) (rate(${consumed()}[$__rate_interval])) > 0)`,
              legend: '{{queue}}',
            },
          ],
        },
        {
          title: 'Consumers',
          description: 'Consumers of each queue. Normal: one per pod; 0 means that nobody works on it.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: calm,
          links: [linkTo('order-saga-services', 'Services')],
          queries: [
            {
              expr: `max by (queue) (rabbitmq_detailed_queue_consumers{${here}, queue!~".+[.](dlq|retry[.][0-9]+)"})`,
              legend: '{{queue}}',
            },
          ],
        },
        {
          title: 'Retry queues',
          description: 'Messages in the retry queues, by queue; the delay is in its name. Normal: 0.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: upTo(10, 100),
          queries: [{ expr: `max by (queue) (${queueOf(waiting)})`, legend: '{{queue}}' }],
        },
        {
          title: 'Dead letters by queue',
          description: 'Normal: 0. They stay until somebody replays or discards them.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: noneAllowed,
          queries: [{ expr: `max by (queue) (${queueOf(deadLetters)})`, legend: '{{queue}}' }],
        },
      ],
    },
    {
      title: 'Consumers',
      panels: [
        {
          title: 'Consumed',
          description: 'Deliveries a second that came to an end, by queue. Normal: as many as are published for it.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: calm,
          queries: [{ expr: `sum by (queue) (rate(${consumed()}[$__rate_interval]))`, legend: '{{queue}}' }],
        },
        {
          title: 'Redelivered, and duplicates',
          description:
            'Deliveries that were given out before, and those of events that had had their effect. Normal: 0, some after a crash or a lost connection; they do no harm.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: calm,
          queries: [
            {
              expr: `sum by (queue) (rate(event_redelivered_total{${here}}[$__rate_interval]))`,
              legend: '{{queue}} redelivered',
            },
            {
              expr: `sum by (queue, event) (rate(${consumed(', result="duplicate"')}[$__rate_interval]))`,
              legend: '{{queue}} {{event}}',
            },
          ],
        },
        {
          title: 'Retries',
          description: 'Attempts that failed, by event. Normal: 0. The services’ logs say why ("will be tried again").',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: upTo(0.1, 1),
          queries: [
            {
              expr: `sum by (queue, event) (rate(${consumed(', result="retried"')}[$__rate_interval]))`,
              legend: '{{queue}} {{event}}',
            },
          ],
        },
        {
          title: 'Given up',
          description: 'Deliveries that were dead-lettered, by event. Normal: 0.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: upTo(0.001, 0.1),
          queries: [
            {
              expr: `sum by (queue, event) (rate(${consumed(', result="dead_lettered"')}[$__rate_interval]))`,
              legend: '{{queue}} {{event}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Time per hop',
      panels: [
        {
          title: 'From the event to its effect (p95)',
          description:
            'From the commit that made the event to the commit of its reaction: outbox, broker and consumer together. Normal: well below a second, but for charges, which take what the provider takes.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(5, 30),
          queries: [
            {
              expr: percentile(0.95, 'event_delivery_seconds', here, ['queue', 'event']),
              legend: '{{event}} to {{queue}}',
            },
          ],
        },
        {
          title: 'Handling alone (p95)',
          description:
            'From the arrival of a delivery to its end. Normal: below 0.1 s, but for charges. Where this is as high as the panel beside it, the reaction is slow; where it is low, the event waited.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(5, 30),
          queries: [
            {
              expr: percentile(0.95, 'event_handling_seconds', here, ['queue', 'event']),
              legend: '{{event}} in {{queue}}',
            },
          ],
        },
      ],
    },
  ],
}
