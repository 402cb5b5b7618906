import { neutral, type DashboardSpec, ofRelease, linkTo, noneAllowed, percentile, type Step, upTo } from './panel.ts'

const finished = `saga_finished_total{${ofRelease}}`
const finishedWith = (outcome: string): string => `saga_finished_total{${ofRelease}, outcome="${outcome}"}`
const share = (outcome: string): string =>
  `sum(increase(${finishedWith(outcome)}[$__range])) / sum(increase(${finished}[$__range]))`
const toDelivery = [linkTo('order-saga-delivery', 'Delivery')]
const toServices = [linkTo('order-saga-services', 'Services')]
const goodShare: readonly Step[] = [
  [null, 'red'],
  [0.8, 'yellow'],
  [0.9, 'green'],
]

export const sagaOutcomes: DashboardSpec = {
  uid: 'order-saga-outcomes',
  title: 'Order saga / Saga outcomes',
  description: 'Outcomes, open sagas, results of the services, and the audit.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Orders accepted',
          description: 'Accepted orders per second, all order pods. Normal: the usual rate at this time of day.',
          kind: 'number',
          unit: 'ops',
          width: 3,
          steps: neutral,
          queries: [{ expr: `sum(rate(saga_started_total{${ofRelease}}[$__rate_interval]))`, legend: 'accepted' }],
        },
        {
          title: 'Confirmed',
          description:
            'Confirmed share of the sagas completed in the time range. Declined payments and missing stock also lower it. Normal: depends on customers and stock.',
          kind: 'number',
          unit: 'percentunit',
          width: 3,
          steps: goodShare,
          queries: [{ expr: share('confirmed'), legend: 'confirmed' }],
        },
        {
          title: 'Timed out',
          description:
            'Share of the sagas in the time range that were cancelled at their deadline. Normal: 0; they consume the error budget.',
          kind: 'number',
          unit: 'percentunit',
          width: 3,
          steps: upTo(0.001, 0.01),
          links: toDelivery,
          queries: [{ expr: share('timeout'), legend: 'timed out' }],
        },
        {
          title: 'Open',
          description: 'Sagas without a final status. Normal: rate of orders times the duration of a saga.',
          kind: 'number',
          unit: 'short',
          width: 3,
          steps: neutral,
          queries: [{ expr: `sum(max by (status) (saga_open{${ofRelease}}))`, legend: 'open' }],
        },
        {
          title: 'Oldest open',
          description:
            'Age of the oldest open saga. Normal: a few seconds; above SAGA_TIMEOUT_MS (default 90 s) only a refund may be open.',
          kind: 'number',
          unit: 's',
          width: 3,
          steps: upTo(60, 120),
          links: toDelivery,
          queries: [{ expr: `max(saga_oldest_open_seconds{${ofRelease}})`, legend: 'oldest' }],
        },
        {
          title: 'Past their deadline',
          description:
            'Sagas open after their deadline. Normal: 0, or a few for seconds: the deadline check runs every TIMEOUT_CHECK_INTERVAL_MS.',
          kind: 'number',
          unit: 'short',
          width: 3,
          steps: noneAllowed,
          links: toServices,
          queries: [{ expr: `max(saga_past_deadline{${ofRelease}})`, legend: 'past deadline' }],
        },
        {
          title: 'Overdue compensations',
          description: 'Sagas whose refund was requested more than once: customers wait for money. Normal: 0.',
          kind: 'number',
          unit: 'short',
          width: 3,
          steps: noneAllowed,
          links: toDelivery,
          queries: [{ expr: `max(saga_compensations_overdue{${ofRelease}})`, legend: 'overdue' }],
        },
        {
          title: 'Audit violations',
          description:
            'Violations found by the last audit, all invariants. Normal: 0. No data: no audit exporter, or its first audit is not completed.',
          kind: 'number',
          unit: 'short',
          width: 3,
          steps: noneAllowed,
          queries: [{ expr: `sum(max by (invariant) (saga_audit_violations{${ofRelease}}))`, legend: 'violations' }],
        },
      ],
    },
    {
      title: 'Outcomes',
      panels: [
        {
          title: 'Started and completed',
          description:
            'Started sagas per second, and completed ones by outcome. Normal: the sum of the outcomes follows the starts within seconds.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: neutral,
          queries: [
            { expr: `sum(rate(saga_started_total{${ofRelease}}[$__rate_interval]))`, legend: 'started' },
            { expr: `sum by (outcome) (rate(${finished}[$__rate_interval]))`, legend: '{{outcome}}' },
          ],
        },
        {
          title: 'Share of each outcome',
          description:
            'Completed sagas by outcome. Normal: constant shares, mostly confirmed; a growing share indicates the kind of failure.',
          kind: 'shares',
          unit: 'ops',
          width: 12,
          steps: neutral,
          queries: [{ expr: `sum by (outcome) (rate(${finished}[$__rate_interval]))`, legend: '{{outcome}}' }],
        },
        {
          title: 'Time to confirmation',
          description:
            'From the acceptance of an order to its confirmation. Normal: p50 below 1 s, mostly the response time of the provider.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(10, 60),
          links: toDelivery,
          queries: [0.5, 0.95, 0.99].map((rank) => ({
            expr: percentile(rank, 'saga_duration_seconds', `${ofRelease}, outcome="confirmed"`),
            legend: `p${rank * 100}`,
          })),
        },
        {
          title: 'Duration by outcome (p95)',
          description:
            'From the acceptance of an order to its final status. Normal: timeout at SAGA_TIMEOUT_MS, the others well below it.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(60, 90),
          queries: [{ expr: percentile(0.95, 'saga_duration_seconds', ofRelease, ['outcome']), legend: '{{outcome}}' }],
        },
        {
          title: 'Timeouts against the error budget',
          description:
            'Share of sagas with the outcome timeout, over several windows. Normal: 0. The alerts compare short and long windows with the objective (alerts.thresholds.outcomeObjective).',
          kind: 'lines',
          unit: 'percentunit',
          width: 24,
          steps: upTo(0.005, 0.05),
          queries: ['5m', '1h', '6h', '3d'].map((window) => ({
            expr: `saga:timeout_ratio:rate${window}{${ofRelease}}`,
            legend: window,
          })),
        },
      ],
    },
    {
      title: 'Open sagas',
      panels: [
        {
          title: 'Open sagas by status',
          description:
            'pending waits for payment, payment_completed for inventory, refunding for a refund. Normal: low and constant; a growing band indicates the slow service.',
          kind: 'stack',
          unit: 'short',
          width: 12,
          steps: neutral,
          links: toDelivery,
          queries: [{ expr: `max by (status) (saga_open{${ofRelease}})`, legend: '{{status}}' }],
        },
        {
          title: 'Age of the oldest open saga',
          description: 'Normal: a few seconds. A line with slope 1 is one stuck saga.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(60, 120),
          queries: [{ expr: `max(saga_oldest_open_seconds{${ofRelease}})`, legend: 'oldest' }],
        },
      ],
    },
    {
      title: 'Results of the services',
      panels: [
        {
          title: 'Payments',
          description:
            'Orders per second by result of the charge. Normal: mostly charged; expired only after an outage.',
          kind: 'lines',
          unit: 'ops',
          width: 6,
          steps: neutral,
          queries: [
            { expr: `sum by (result) (rate(payments_total{${ofRelease}}[$__rate_interval]))`, legend: '{{result}}' },
          ],
        },
        {
          title: 'Refunds',
          description: 'Normal: refunded follows requested. A gap: the provider does not refund.',
          kind: 'lines',
          unit: 'ops',
          width: 6,
          steps: neutral,
          queries: [
            { expr: `sum by (result) (rate(refunds_total{${ofRelease}}[$__rate_interval]))`, legend: '{{result}}' },
          ],
        },
        {
          title: 'Reservations',
          description: 'Normal: committed follows reserved. rejected: missing stock.',
          kind: 'lines',
          unit: 'ops',
          width: 6,
          steps: neutral,
          queries: [
            {
              expr: `sum by (result) (rate(reservations_total{${ofRelease}}[$__rate_interval]))`,
              legend: '{{result}}',
            },
          ],
        },
        {
          title: 'E-mails',
          description:
            'Mails per second by kind and result. Normal: sent. rejected: the mail server refused an address.',
          kind: 'lines',
          unit: 'ops',
          width: 6,
          steps: neutral,
          queries: [
            {
              expr: `sum by (kind, result) (rate(notifications_total{${ofRelease}}[$__rate_interval]))`,
              legend: '{{kind}} {{result}}',
            },
          ],
        },
        {
          title: 'Payment provider: call duration (p95)',
          description:
            'Response time of the provider. Normal: as agreed with the provider; it is the lower limit of a saga’s duration.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(2, 10),
          queries: [
            { expr: percentile(0.95, 'payment_gateway_seconds', ofRelease, ['operation']), legend: '{{operation}}' },
          ],
        },
        {
          title: 'Payment provider: call results',
          description:
            'Calls per second by result. Normal: no unavailable and no unknown; otherwise charges wait and are queried by key.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: neutral,
          queries: [
            {
              expr: `sum by (operation, result) (rate(payment_gateway_seconds_count{${ofRelease}}[$__rate_interval]))`,
              legend: '{{operation}} {{result}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Audit and protocol',
      panels: [
        {
          title: 'Violations by invariant',
          description: 'Violations found by the last audit. Normal: 0. docs/audit.md describes the invariants.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: noneAllowed,
          queries: [{ expr: `max by (invariant) (saga_audit_violations{${ofRelease}})`, legend: '{{invariant}}' }],
        },
        {
          title: 'Protocol violations',
          description:
            'Events that violate the protocol of the saga or do not match its order, in the last 10 minutes. Normal: 0. They confirm no order.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: noneAllowed,
          queries: [
            {
              expr: `sum by (event) (increase(saga_protocol_violations_total{${ofRelease}}[10m]))`,
              legend: '{{event}}',
            },
          ],
        },
        {
          title: 'Age of the last audit',
          description:
            'Time since the last completed audit. Normal: below AUDIT_INTERVAL_MS (default 15 min) plus the duration of an audit.',
          kind: 'lines',
          unit: 's',
          width: 8,
          steps: upTo(3_600, 7_200),
          queries: [
            { expr: `time() - max(saga_audit_finished_timestamp_seconds{${ofRelease}})`, legend: 'age' },
            { expr: `max(saga_audit_duration_seconds{${ofRelease}})`, legend: 'duration' },
          ],
        },
      ],
    },
  ],
}
