import type { Setting } from '@order-saga/chassis'
import { consoleSettings } from '../../../services/operations/src/console-config.ts'
import { inventorySettings } from '../../../services/inventory/src/config.ts'
import { notificationSettings } from '../../../services/notification/src/config.ts'
import { orderSettings } from '../../../services/order/src/config.ts'
import { paymentSettings } from '../../../services/payment/src/config.ts'

const processes = {
  order: orderSettings,
  payment: paymentSettings,
  inventory: inventorySettings,
  notification: notificationSettings,
  console: consoleSettings,
} as const
const services = Object.keys(processes).length - 1

/** One row per variable: name, processes, default, what it must be, meaning; made from the schemas they load. */
export function settingsTable(): string[][] {
  const rows = new Map<string, { names: string[]; defaults: Map<string, string[]>; setting: Setting<unknown> }>()
  for (const [service, settings] of Object.entries(processes)) {
    for (const setting of Object.values<Setting<unknown>>(settings)) {
      // The same variable may mean different things to two services: PORT does.
      const key = `${setting.env} ${setting.doc}`
      const row = rows.get(key) ?? { names: [], defaults: new Map<string, string[]>(), setting }
      const value = setting.default === '' ? 'empty' : `\`${String(setting.default)}\``
      row.names.push(service)
      row.defaults.set(value, [...(row.defaults.get(value) ?? []), service])
      rows.set(key, row)
    }
  }
  return [...rows.values()].map(({ names, defaults, setting }) => [
    `\`${setting.env}\``,
    nameAll(names),
    [...defaults.keys()].join(', '),
    setting.format,
    setting.doc,
  ])
}

function nameAll(names: readonly string[]): string {
  if (names.length > services) return 'all'
  return names.length === services && !names.includes('console') ? 'all services' : names.join(', ')
}
