import { optionalText, type Setting } from '@order-saga/chassis'
import { type ServiceName, services } from '@order-saga/contracts'
import type { OpsUrls } from './inspect/breakers.ts'

export type OpsConfig = Record<`${ServiceName}OpsUrl`, string>

/** Where the services serve their metrics, for the state that only a process has: its circuit breakers. */
export const opsSettings = Object.fromEntries(
  services.map((service) => [
    `${service}OpsUrl`,
    optionalText({
      env: `${service.toUpperCase()}_OPS_URL`,
      doc: `Address of the metrics of ${service}, http://host:9464, for its open circuit breakers; optional.`,
    }),
  ]),
) as Record<keyof OpsConfig, Setting<string>>

export function opsUrls(config: OpsConfig): OpsUrls {
  return Object.fromEntries(services.map((service) => [service, config[`${service}OpsUrl`]]))
}
