import { apiPort, apiSettings, commonSettings, type ConfigOf, databaseSettings, oneOf, rate } from '@order-saga/chassis'

export const inventorySettings = {
  ...commonSettings,
  ...databaseSettings('inventory_db'),
  ...apiSettings,
  port: apiPort({ default: 3001, doc: 'Port of the stock API.' }),
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

export type InventoryConfig = ConfigOf<typeof inventorySettings>
