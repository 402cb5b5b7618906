import { neutral, type DashboardSpec, inNamespace, linkTo, noneAllowed, percentile, upTo } from './panel.ts'

const queueOf = (selector: string): string => `rabbitmq_detailed_queue_messages{${inNamespace}, ${selector}}`
const deadLetters = 'queue=~".+[.]dlq"'
const waiting = 'queue=~".+[.]retry[.][0-9]+"'
const consumed = (selector = ''): string => `event_consumed_total{${inNamespace}${selector}}`
const toServers = [linkTo('order-saga-servers', 'PostgreSQL and RabbitMQ')]

export const delivery: DashboardSpec = {
  uid: 'order-saga-delivery',
  title: 'Order saga / Delivery',
  description: 'Events in outboxes, queues and consumers.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Pending in outboxes',
          description: 'Committed events that are not published yet, all services. Normal: near 0.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(100, 1_000),
          queries: [{ expr: `sum(max by (service) (outbox_pending_events{${inNamespace}}))`, legend: 'pending' }],
        },
        {
          title: 'Oldest in an outbox',
          description: 'Age of the oldest pending event. Normal: below 2 s.',
          kind: 'number',
          unit: 's',
          width: 4,
          steps: upTo(10, 60),
          links: toServers,
          queries: [{ expr: `max(outbox_oldest_pending_seconds{${inNamespace}})`, legend: 'oldest' }],
        },
        {
          title: 'Parked',
          description:
            'Events that cannot be published: no queue is bound, or they are too large. Normal: 0. `saga outbox list` lists them.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: noneAllowed,
          queries: [{ expr: `sum(max by (service) (outbox_parked_events{${inNamespace}}))`, legend: 'parked' }],
        },
        {
          title: 'Backlog',
          description:
            'Ready and unacknowledged messages of all services’ queues. Normal: below targetBacklog of one pod.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(500, 5_000),
          queries: [{ expr: `sum(saga_queue_backlog{${inNamespace}})`, legend: 'backlog' }],
        },
        {
          title: 'Waiting for a retry',
          description: 'Messages in all retry queues. Normal: 0, or a few after a temporary failure.',
          kind: 'number',
          unit: 'short',
          width: 4,
          steps: upTo(10, 100),
          queries: [{ expr: `sum(max by (queue) (${queueOf(waiting)}))`, legend: 'waiting' }],
        },
        {
          title: 'Dead letters',
          description:
            'Dead-lettered messages; each is a missing effect. Normal: 0. `saga dead-letters list` lists them.',
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
          description: 'By service. Normal: near 0. A rising line: a relay does not publish.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: upTo(100, 1_000),
          queries: [{ expr: `max by (service) (outbox_pending_events{${inNamespace}})`, legend: '{{service}}' }],
        },
        {
          title: 'Age of the oldest pending event',
          description: 'By service. Normal: below 2 s.',
          kind: 'lines',
          unit: 's',
          width: 8,
          steps: upTo(10, 60),
          links: toServers,
          queries: [
            { expr: `max by (service) (outbox_oldest_pending_seconds{${inNamespace}})`, legend: '{{service}}' },
          ],
        },
        {
          title: 'Published',
          description:
            'Confirmed events per second, by event. Normal: order.created at the rate of orders, the others follow.',
          kind: 'lines',
          unit: 'ops',
          width: 8,
          steps: neutral,
          queries: [
            {
              expr: `sum by (event) (rate(outbox_published_total{${inNamespace}}[$__rate_interval]))`,
              legend: '{{event}}',
            },
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
            'Ready and unacknowledged messages of a service’s queue and secondary queues: the metric of the autoscaler. Normal: low; it may rise while pods are added.',
          kind: 'lines',
          unit: 'short',
          width: 12,
          steps: upTo(500, 5_000),
          queries: [{ expr: `saga_queue_backlog{${inNamespace}}`, legend: '{{queue}}' }],
        },
        {
          title: 'Time to drain',
          description:
            'Backlog divided by the rate of consumption. Normal: seconds; above SAGA_TIMEOUT_MS orders will time out.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(30, 90),
          queries: [
            {
              expr: `sum by (queue) (saga_queue_backlog{${inNamespace}}) / (sum by (queue) (rate(${consumed()}[$__rate_interval])) > 0)`,
              legend: '{{queue}}',
            },
          ],
        },
        {
          title: 'Consumers',
          description: 'Consumers per queue. Normal: one per pod; 0: the queue is not consumed.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: neutral,
          links: [linkTo('order-saga-services', 'Services')],
          queries: [
            {
              expr: `max by (queue) (rabbitmq_detailed_queue_consumers{${inNamespace}, queue!~".+[.](dlq|retry[.][0-9]+)"})`,
              legend: '{{queue}}',
            },
          ],
        },
        {
          title: 'Retry queues',
          description: 'Messages in retry queues, by queue; its name contains the delay. Normal: 0.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: upTo(10, 100),
          queries: [{ expr: `max by (queue) (${queueOf(waiting)})`, legend: '{{queue}}' }],
        },
        {
          title: 'Dead letters by queue',
          description: 'Normal: 0. They remain until an operator replays or discards them.',
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
          description: 'Settled deliveries per second, by queue. Normal: equal to the rate of publications.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: neutral,
          queries: [{ expr: `sum by (queue) (rate(${consumed()}[$__rate_interval]))`, legend: '{{queue}}' }],
        },
        {
          title: 'Redeliveries and duplicates',
          description:
            'Deliveries with the redelivered flag, and deliveries of already processed events. Normal: 0, some after a crash or a lost connection; the inbox ignores them.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: neutral,
          queries: [
            {
              expr: `sum by (queue) (rate(event_redelivered_total{${inNamespace}}[$__rate_interval]))`,
              legend: '{{queue}} redelivered',
            },
            {
              expr: `sum by (queue, event) (rate(${consumed(', result="duplicate"')}[$__rate_interval]))`,
              legend: '{{queue}} {{event}}',
            },
          ],
        },
        {
          title: 'Oldest unacknowledged delivery',
          description:
            'Age of the oldest delivery without a disposition, by consumed queue. Normal: below 1 s, charges and e-mails below 60 s. A rising line: the consumer waits for a dependency or is stalled.',
          kind: 'lines',
          unit: 's',
          width: 24,
          steps: upTo(60, 120),
          queries: [
            {
              expr: `max by (queue) (consumer_oldest_unacknowledged_seconds{${inNamespace}})`,
              legend: '{{queue}}',
            },
          ],
        },
        {
          title: 'Retries',
          description:
            'Failed attempts, by event. Normal: 0. The services log the reason ("attempt failed, will be retried").',
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
          title: 'Dead-lettered',
          description: 'Dead-lettered deliveries, by event. Normal: 0.',
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
      title: 'Latency per event',
      panels: [
        {
          title: 'Delivery (p95)',
          description:
            'From the commit of the event to the commit of its reaction: outbox, broker and consumer. Normal: well below 1 s, except charges, which include the call of the provider.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(5, 30),
          queries: [
            {
              expr: percentile(0.95, 'event_delivery_seconds', inNamespace, ['queue', 'event']),
              legend: '{{event}} to {{queue}}',
            },
          ],
        },
        {
          title: 'Handling (p95)',
          description:
            'From the arrival of a delivery to its disposition. Normal: below 0.1 s, except charges. Close to the delivery time: the reaction is slow. Far below it: the event waited.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(5, 30),
          queries: [
            {
              expr: percentile(0.95, 'event_handling_seconds', inNamespace, ['queue', 'event']),
              legend: '{{event}} in {{queue}}',
            },
          ],
        },
      ],
    },
  ],
}
