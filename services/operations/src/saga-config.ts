import { optionalText, type Setting } from '@order-saga/chassis'
import { inventorySettings } from '@order-saga/inventory'
import { orderSettings } from '@order-saga/order'
import { type AuditConfig, auditSettings } from './audit-config.ts'
import { type IdentityConfig, identitySettings } from './operators/identity-settings.ts'
import { type OperatorsConfig, operatorSettings } from './store-config.ts'

export interface SagaConfig extends AuditConfig, OperatorsConfig, IdentityConfig {
  operatorToken: string
  refundRetryMs: number
  inventoryFailureRate: number
  unknownSku: 'accept' | 'reject'
}

/** Settings of `saga`: those of the audit, and those of the services whose reactions it previews or repeats. */
export const sagaSettings: { [K in keyof SagaConfig]: Setting<SagaConfig[K]> } = {
  ...auditSettings,
  ...operatorSettings,
  ...identitySettings,
  operatorToken: optionalText({
    env: 'OPERATOR_TOKEN',
    sensitive: true,
    doc: "The operator's own token, for commands that change something: a named one of OPERATOR_TOKENS, or an access token with the scope operate.",
  }),
  refundRetryMs: orderSettings.refundRetryMs,
  inventoryFailureRate: inventorySettings.failureRate,
  unknownSku: inventorySettings.unknownSku,
}
