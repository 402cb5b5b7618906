import {
  apiSettings,
  apiPort,
  commonSettings,
  type ConfigOf,
  databaseSettings,
  integer,
  milliseconds,
} from '@order-saga/chassis'

export const orderSettings = {
  ...commonSettings,
  ...databaseSettings('order_db'),
  ...apiSettings,
  port: apiPort({ default: 3000, doc: 'Port of the order API.' }),
  sagaTimeoutMs: milliseconds({
    env: 'SAGA_TIMEOUT_MS',
    default: 90_000,
    doc: 'Time an order has from its acceptance; one that is still open then is cancelled.',
  }),
  timeoutCheckIntervalMs: milliseconds({
    env: 'TIMEOUT_CHECK_INTERVAL_MS',
    default: 10_000,
    min: 10,
    max: 3_600_000,
    doc: 'Interval between two checks for sagas past their deadline and for overdue refunds.',
  }),
  refundRetryMs: milliseconds({
    env: 'REFUND_RETRY_MS',
    default: 30_000,
    min: 10,
    max: 3_600_000,
    doc: 'Delay before an unanswered refund is requested again; it doubles each time, up to one hour.',
  }),
  maxOpenOrders: integer({
    env: 'MAX_OPEN_ORDERS',
    default: 10_000,
    min: 1,
    max: 10_000_000,
    unit: 'orders',
    doc: 'Limit of open orders, above which new orders get 503. At most the number of orders the system completes within SAGA_TIMEOUT_MS.',
  }),
}

export type OrderConfig = ConfigOf<typeof orderSettings>
