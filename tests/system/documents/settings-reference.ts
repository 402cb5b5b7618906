import type { Setting } from '@order-saga/chassis'
import { roleSettings } from '../../../packages/chassis/src/process/settings.ts'
import { inventorySettings } from '../../../services/inventory/src/config.ts'
import { notificationSettings } from '../../../services/notification/src/config.ts'
import { auditExporterSettings, auditSettings } from '../../../services/operations/src/audit-config.ts'
import { brokerDefinitionsSettings } from '../../../services/operations/src/broker-definitions.ts'
import { consoleSettings } from '../../../services/operations/src/console-config.ts'
import { drillSettings } from '../../../services/operations/src/drill-config.ts'
import { sagaSettings } from '../../../services/operations/src/saga-config.ts'
import { orderSettings } from '../../../services/order/src/config.ts'
import { paymentSettings } from '../../../services/payment/src/config.ts'

const { dbHost, dbPort, dbName, dbUser, dbPassword, dbCaFile } = orderSettings

type Schema = Readonly<Record<string, Setting<unknown>>>

export const serviceSchemas = {
  order: orderSettings,
  payment: paymentSettings,
  inventory: inventorySettings,
  notification: notificationSettings,
} as const satisfies Readonly<Record<string, Schema>>

const operationsSchemas: Readonly<Record<string, Schema>> = {
  Migrations: { dbHost, dbPort, dbName, dbUser, dbPassword, dbCaFile, ...roleSettings },
  Audit: auditSettings,
  'Audit exporter': auditExporterSettings,
  'The saga command': sagaSettings,
  Console: consoleSettings,
  Drill: drillSettings,
  'Definitions of the broker': brokerDefinitionsSettings,
}

interface Variable {
  readonly setting: Setting<unknown>
  readonly services: readonly string[]
  readonly defaults: readonly string[]
}

const titles: Readonly<Record<string, string>> = {
  'order, payment, inventory, notification': 'All services',
  'order, payment, inventory': 'Services with a database',
  'order, inventory': 'Services with an API',
  order: 'Order',
  payment: 'Payment',
  inventory: 'Inventory',
  notification: 'Notification',
}

/** A variable may mean different things to two services: PORT does. */
const keyOf = ({ env, doc }: Setting<unknown>): string => `${env} ${doc}`

/** The settings part of docs/configuration.md, as Markdown: made from the schemas that the programs load. */
export function settingsReference(): string {
  const variables = serviceVariables()
  const groups = Object.entries(titles).map(([services, title]) => [
    `### ${title}`,
    ...variables.filter((each) => each.services.join(', ') === services).map(entry),
  ])
  const known = new Set(variables.map(({ setting }) => keyOf(setting)))
  for (const [title, schema] of Object.entries(operationsSchemas)) {
    const settings = Object.values(schema)
    const own = settings.filter((setting) => !known.has(keyOf(setting)))
    groups.push([
      `### ${title}`,
      shared(settings, known),
      ...own.map((setting) => entry({ setting, defaults: [shown(setting)] })),
    ])
    for (const setting of own) known.add(keyOf(setting))
  }
  return groups.map((lines) => lines.join('\n\n').replaceAll('\n\n-', '\n-').replace('\n-', '\n\n-')).join('\n\n')
}

/** Names the settings that have an entry above. */
function shared(settings: readonly Setting<unknown>[], known: ReadonlySet<string>): string {
  const audit = new Set(Object.values<Setting<unknown>>(auditSettings).map(keyOf))
  const ofAudit = settings.filter((setting) => known.has(keyOf(setting)) && audit.has(keyOf(setting)))
  const wholeAudit = ofAudit.length === audit.size
  const named = settings.filter((setting) => known.has(keyOf(setting)) && !(wholeAudit && ofAudit.includes(setting)))
  const parts = [...(wholeAudit ? ['all settings of the audit'] : []), ...named.map(({ env }) => `\`${env}\``)]
  return wrapped(`As above: ${parts.join(', ')}.`, '')
}

function serviceVariables(): Variable[] {
  const variables = new Map<string, { setting: Setting<unknown>; services: string[]; defaults: Set<string> }>()
  for (const [service, schema] of Object.entries<Schema>(serviceSchemas)) {
    for (const setting of Object.values(schema)) {
      const variable = variables.get(keyOf(setting)) ?? { setting, services: [], defaults: new Set<string>() }
      variable.services.push(service)
      variable.defaults.add(shown(setting))
      variables.set(keyOf(setting), variable)
    }
  }
  return [...variables.values()].map(({ defaults, ...rest }) => ({ ...rest, defaults: [...defaults] }))
}

const shown = (setting: Setting<unknown>): string =>
  setting.default === '' ? 'empty' : `\`${String(setting.default)}\``

function entry({ setting, defaults }: Pick<Variable, 'setting' | 'defaults'>): string {
  const { env, doc, format } = setting
  return `- ${wrapped(`\`${env}\`: ${doc}`, '  ')}\n  ${wrapped(`Default ${defaults.join(', ')}; ${format}.`, '  ')}`
}

/** Breaks a text at spaces into lines of at most 120 columns. */
function wrapped(text: string, indent: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last !== '' && indent.length + last.length + 1 + word.length > 120) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines.join(`\n${indent}`)
}
