import { integer, milliseconds, oneOf, optionalText, type Setting, url } from '@order-saga/chassis'
import { type AuditConfig, auditSettings } from './audit-config.ts'

export interface DrillConfig extends AuditConfig {
  orderUrl: string
  inventoryUrl: string
  apiToken: string
  orders: number
  concurrency: number
  timeoutFlow: 'true' | 'false'
  timeoutMs: number
}

/** Settings of the drill, which ends with an audit and has its settings too. */
export const drillSettings: { [K in keyof DrillConfig]: Setting<DrillConfig[K]> } = {
  ...auditSettings,
  orderUrl: url({
    env: 'ORDER_URL',
    default: 'http://localhost:3000',
    schemes: ['http', 'https'],
    without: ['credentials', 'query'],
    doc: 'The order API.',
  }),
  inventoryUrl: url({
    env: 'INVENTORY_URL',
    default: 'http://localhost:3001',
    schemes: ['http', 'https'],
    without: ['credentials', 'query'],
    doc: 'The stock API.',
  }),
  apiToken: optionalText({
    env: 'API_TOKEN',
    sensitive: true,
    doc: "Access token for both APIs, with AUTH_MODE=jwt: a service's, with the scopes orders:create, orders:read and stock:write.",
  }),
  orders: integer({ env: 'DRILL_ORDERS', default: 40, min: 5, max: 100_000, unit: 'orders', doc: 'Number of orders.' }),
  concurrency: integer({
    env: 'DRILL_LANES',
    default: 8,
    min: 1,
    max: 1000,
    unit: 'orders',
    doc: 'Orders in flight at the same time, without those that wait for their deadline.',
  }),
  timeoutFlow: oneOf({
    env: 'DRILL_TIMEOUT_FLOW',
    default: 'false',
    values: ['true', 'false'],
    doc: 'Whether some orders exceed their deadline; the drill then takes that long, so set SAGA_TIMEOUT_MS short.',
  }),
  timeoutMs: milliseconds({
    env: 'DRILL_PATIENCE_MS',
    default: 60_000,
    max: 3_600_000,
    doc: 'Timeout of a response, and of the final status of an order after it is due.',
  }),
}
