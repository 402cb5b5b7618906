import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  /** The reason why a test cluster may have no data for this alert. */
  readonly expectEmpty?: string
}

const file = new URL('../../../charts/order-saga/files/alerts.yaml', import.meta.url)

/** The alerts of the chart's file, with its placeholders. */
export function alertRules(): AlertRule[] {
  const { groups } = load(readFileSync(file, 'utf8')) as { groups: { rules: Partial<AlertRule>[] }[] }
  return groups.flatMap(({ rules }) => rules).filter((rule): rule is AlertRule => rule.alert !== undefined)
}
