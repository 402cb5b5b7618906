import { calm, type DashboardSpec, here, linkTo, noneAllowed, percentile, type Step, upTo } from './panel.ts'

const finished = `saga_finished_total{${here}}`
const ended = (outcome: string): string => `saga_finished_total{${here}, outcome="${outcome}"}`
const share = (outcome: string): string =>
  `sum(increase(${ended(outcome)}[$__range])) / sum(increase(${finished}[$__range]))`
const toDelivery = [linkTo('order-saga-delivery', 'Delivery: where do events wait?')]
const toServices = [linkTo('order-saga-services', 'Services: is one in trouble?')]
const goodShare: readonly Step[] = [
  [null, 'red'],
  [0.8, 'yellow'],
  [0.9, 'green'],
]

export const sagaOutcomes: DashboardSpec = {
  uid: 'order-saga-outcomes',
  title: 'Order saga / Saga outcomes',
  description: 'Do orders end well, which are stuck, and why?',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Orders accepted',
          description: 'Orders accepted a second, of all order pods. Normal is what the shop does at this time of day.',
          kind: 'number',
          unit: 'ops',
          width: 3,
          steps: calm,
          queries: [{ expr: `sum(rate(saga_started_total{${here}}[$__rate_interval]))`, legend: 'accepted' }],
        },
        {
          title: 'Confirmed',
          description:
            'Share of the sagas that ended in the time shown which are confirmed. Declined payments and missing stock lower it as well as trouble does; normal is what your customers and your stock make it.',
          kind: 'number',
          unit: 'percentunit',
          width: 3,
          steps: goodShare,
          queries: [{ expr: share('confirmed'), legend: 'confirmed' }],
        },
        {
          title: 'Timed out',
          description:
            'Share of the sagas that ended in the time shown because their deadline was over: the system was too slow. Normal is 0; the error budget is spent by these.',
          kind: 'number',
          unit: 'percentunit',
          width: 3,
          steps: upTo(0.001, 0.01),
          links: toDelivery,
          queries: [{ expr: share('timeout'), legend: 'timed out' }],
        },
        {
          title: 'Open',
          description: 'Sagas that have not ended. Normal is the rate of orders times the seconds one takes.',
          kind: 'number',
          unit: 'short',
          width: 3,
          steps: calm,
          queries: [{ expr: `sum(max by (status) (saga_open{${here}}))`, legend: 'open' }],
        },
        {
          title: 'Oldest open',
          description:
            'Age of the oldest saga that has not ended. Normal is a few seconds; beyond SAGA_TIMEOUT_MS (90 s unless set) only a refund may still be open.',
          kind: 'number',
          unit: 's',
          width: 3,
          steps: upTo(60, 120),
          links: toDelivery,
          queries: [{ expr: `max(saga_oldest_open_seconds{${here}})`, legend: 'oldest' }],
        },
        {
          title: 'Past their deadline',
          description:
            'Sagas that should have been cancelled and are not. Normal is 0, or for some seconds a few: the deadline check runs every TIMEOUT_CHECK_INTERVAL_MS.',
          kind: 'number',
          unit: 'short',
          width: 3,
          steps: noneAllowed,
          links: toServices,
          queries: [{ expr: `max(saga_past_deadline{${here}})`, legend: 'past deadline' }],
        },
        {
          title: 'Overdue compensations',
          description: 'Sagas whose refund had to be asked for again: money is owed. Normal is 0.',
          kind: 'number',
          unit: 'short',
          width: 3,
          steps: noneAllowed,
          links: toDelivery,
          queries: [{ expr: `max(saga_compensations_overdue{${here}})`, legend: 'overdue' }],
        },
        {
          title: 'Audit violations',
          description:
            'What the last audit has found, over all invariants. Normal is 0. No data: no audit exporter, or its first audit has not ended.',
          kind: 'number',
          unit: 'short',
          width: 3,
          steps: noneAllowed,
          queries: [{ expr: `sum(max by (invariant) (saga_audit_violations{${here}}))`, legend: 'violations' }],
        },
      ],
    },
    {
      title: 'How sagas end',
      panels: [
        {
          title: 'Started and ended',
          description:
            'Sagas started a second, and ended by outcome. Normal: the outcomes together follow the starts, a few seconds later.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: calm,
          queries: [
            { expr: `sum(rate(saga_started_total{${here}}[$__rate_interval]))`, legend: 'started' },
            { expr: `sum by (outcome) (rate(${finished}[$__rate_interval]))`, legend: '{{outcome}}' },
          ],
        },
        {
          title: 'Share of each outcome',
          description:
            'Of what ended, how much ended how. Normal: a steady picture, mostly confirmed; a growing band names the kind of trouble.',
          kind: 'shares',
          unit: 'ops',
          width: 12,
          steps: calm,
          queries: [{ expr: `sum by (outcome) (rate(${finished}[$__rate_interval]))`, legend: '{{outcome}}' }],
        },
        {
          title: 'Time to confirmation',
          description:
            'From the acceptance of an order to its confirmation. Normal: half below a second; the provider’s answers are most of it.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(10, 60),
          links: toDelivery,
          queries: [0.5, 0.95, 0.99].map((rank) => ({
            expr: percentile(rank, 'saga_duration_seconds', `${here}, outcome="confirmed"`),
            legend: `p${rank * 100}`,
          })),
        },
        {
          title: 'Time to the end, by outcome (p95)',
          description:
            'From acceptance to the end, 95 of 100 are faster. Normal: timeout stands at SAGA_TIMEOUT_MS, all others well below it.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(60, 90),
          queries: [{ expr: percentile(0.95, 'saga_duration_seconds', here, ['outcome']), legend: '{{outcome}}' }],
        },
        {
          title: 'Timeouts against the error budget',
          description:
            'Share of sagas that ended by timeout, over several windows. Normal is 0. The alerts compare the short and long windows with the objective (alerts.thresholds.outcomeObjective).',
          kind: 'lines',
          unit: 'percentunit',
          width: 24,
          steps: upTo(0.005, 0.05),
          queries: ['5m', '1h', '6h', '3d'].map((window) => ({
            expr: `saga:timeout_ratio:rate${window}{${here}}`,
            legend: window,
          })),
        },
      ],
    },
    {
      title: 'What is open',
      panels: [
        {
          title: 'Open sagas by status',
          description:
            'pending waits for payment, payment_completed for inventory, refunding for a refund. Normal: low and level; a growing band names the service that is waited for.',
          kind: 'stack',
          unit: 'short',
          width: 12,
          steps: calm,
          links: toDelivery,
          queries: [{ expr: `max by (status) (saga_open{${here}})`, legend: '{{status}}' }],
        },
        {
          title: 'Age of the oldest open saga',
          description: 'Normal: a few seconds. A line that rises like time itself is one saga that is stuck.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(60, 120),
          queries: [{ expr: `max(saga_oldest_open_seconds{${here}})`, legend: 'oldest' }],
        },
      ],
    },
    {
      title: 'What services decide',
      panels: [
        {
          title: 'Payments',
          description:
            'Orders a second by what became of their charge. Normal: mostly charged; expired only after an outage.',
          kind: 'lines',
          unit: 'ops',
          width: 6,
          steps: calm,
          queries: [
            { expr: `sum by (result) (rate(payments_total{${here}}[$__rate_interval]))`, legend: '{{result}}' },
          ],
        },
        {
          title: 'Refunds',
          description: 'Normal: refunded follows requested. A gap means that the provider does not pay back.',
          kind: 'lines',
          unit: 'ops',
          width: 6,
          steps: calm,
          queries: [{ expr: `sum by (result) (rate(refunds_total{${here}}[$__rate_interval]))`, legend: '{{result}}' }],
        },
        {
          title: 'Reservations',
          description: 'Normal: committed follows reserved. rejected means missing stock.',
          kind: 'lines',
          unit: 'ops',
          width: 6,
          steps: calm,
          queries: [
            { expr: `sum by (result) (rate(reservations_total{${here}}[$__rate_interval]))`, legend: '{{result}}' },
          ],
        },
        {
          title: 'E-mails',
          description:
            'Mails a second by kind and result. Normal: sent; rejected means that the mail server refused an address.',
          kind: 'lines',
          unit: 'ops',
          width: 6,
          steps: calm,
          queries: [
            {
              expr: `sum by (kind, result) (rate(notifications_total{${here}}[$__rate_interval]))`,
              legend: '{{kind}} {{result}}',
            },
          ],
        },
        {
          title: 'Payment provider: time of a call (p95)',
          description: 'How long the provider takes. Normal is what it promises; the sagas can be no faster.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(2, 10),
          queries: [
            { expr: percentile(0.95, 'payment_gateway_seconds', here, ['operation']), legend: '{{operation}}' },
          ],
        },
        {
          title: 'Payment provider: how calls end',
          description:
            'Calls a second by result. Normal: no unavailable and no unknown; while these last, charges wait and are looked up by key.',
          kind: 'lines',
          unit: 'ops',
          width: 12,
          steps: calm,
          queries: [
            {
              expr: `sum by (operation, result) (rate(payment_gateway_seconds_count{${here}}[$__rate_interval]))`,
              legend: '{{operation}} {{result}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Audit',
      panels: [
        {
          title: 'Violations by invariant',
          description: 'What the last audit has found. Normal: all at 0. docs/audit.md says what each invariant means.',
          kind: 'lines',
          unit: 'short',
          width: 12,
          steps: noneAllowed,
          queries: [{ expr: `max by (invariant) (saga_audit_violations{${here}})`, legend: '{{invariant}}' }],
        },
        {
          title: 'Age of the last audit',
          description:
            'Since the last audit that was done. Normal: below AUDIT_INTERVAL_MS (15 min unless set) and what an audit takes.',
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(3_600, 7_200),
          queries: [
            { expr: `time() - max(saga_audit_finished_timestamp_seconds{${here}})`, legend: 'age' },
            { expr: `max(saga_audit_duration_seconds{${here}})`, legend: 'it took' },
          ],
        },
      ],
    },
  ],
}
