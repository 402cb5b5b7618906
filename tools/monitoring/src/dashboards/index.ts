import { dashboardOf } from './theme.ts'
import { delivery } from './delivery.ts'
import type { DashboardSpec } from './panel.ts'
import { sagaOutcomes } from './saga-outcomes.ts'
import { servers } from './servers.ts'
import { services } from './services.ts'

export const dashboards: readonly DashboardSpec[] = [sagaOutcomes, delivery, services, servers]

/** The dashboard as Grafana's JSON; deterministic. */
export function textOf(spec: DashboardSpec): string {
  return `${JSON.stringify(dashboardOf(spec), null, 2)}\n`
}
