import {
  type CommonConfig,
  commonSettings,
  type DatabaseConfig,
  databaseSettings,
  oneOf,
  port,
  rate,
  type Setting,
} from '@order-saga/chassis'

export interface InventoryConfig extends CommonConfig, DatabaseConfig {
  port: number
  failureRate: number
  unknownSku: 'accept' | 'reject'
}

export const inventorySettings: { [K in keyof InventoryConfig]: Setting<InventoryConfig[K]> } = {
  ...commonSettings,
  ...databaseSettings('inventory_db'),
  port: port({ env: 'PORT', default: 3001, doc: 'Port of the stock API.' }),
  failureRate: rate({
    env: 'INVENTORY_FAILURE_RATE',
    default: 0,
    doc: 'Share of reservations that fail as if out of stock, by a hash of the order id.',
  }),
  unknownSku: oneOf({
    env: 'INVENTORY_UNKNOWN_SKU',
    default: 'accept',
    values: ['accept', 'reject'],
    doc: 'Whether a SKU nobody has stocked is taken as available without limit, or refused.',
  }),
}
