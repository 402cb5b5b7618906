import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  /** Why a test cluster may have none of the metrics it asks for. */
  readonly expectEmpty?: string
}

const file = new URL('../../../charts/order-saga/files/alerts.yaml', import.meta.url)

/** The alerts as the chart's file has them, with the placeholders of the values still in them. */
export function alertRules(): AlertRule[] {
  const { groups } = load(readFileSync(file, 'utf8')) as { groups: { rules: Partial<AlertRule>[] }[] }
  return groups.flatMap(({ rules }) => rules).filter((rule): rule is AlertRule => rule.alert !== undefined)
}
