import { type CommonConfig, commonSettings, optionalText, type Setting } from '@order-saga/chassis'
import { inventorySettings } from '@order-saga/inventory'
import { orderSettings } from '@order-saga/order'
import { type AuditConfig, auditSettings } from './audit-config.ts'
import { type IdentityConfig, identitySettings } from './operators/identity-settings.ts'
import { type OpsConfig, opsSettings } from './ops-config.ts'
import { type OperatorsConfig, operatorSettings, type RuntimesConfig, runtimeSettings } from './store-config.ts'

export interface SagaConfig
  extends
    AuditConfig,
    OperatorsConfig,
    RuntimesConfig,
    IdentityConfig,
    ManagementConfig,
    OpsConfig,
    Pick<CommonConfig, 'exchange'> {
  rabbitmqAdminUrl: string
  operatorToken: string
  refundRetryMs: number
  inventoryFailureRate: number
  unknownSku: 'accept' | 'reject'
}

export interface ManagementConfig {
  rabbitmqManagementUrl: string
}

export const managementSettings: { [K in keyof ManagementConfig]: Setting<ManagementConfig[K]> } = {
  rabbitmqManagementUrl: optionalText({
    env: 'RABBITMQ_MANAGEMENT_URL',
    sensitive: true,
    doc: 'Management API of the broker, http://host:15672, for bindings, which AMQP does not show; without user that of RABBITMQ_URL.',
  }),
}

/** Settings of `saga`: those of the audit, and those of the services whose reactions it previews or repeats. */
export const sagaSettings: { [K in keyof SagaConfig]: Setting<SagaConfig[K]> } = {
  ...auditSettings,
  ...operatorSettings,
  ...runtimeSettings,
  ...managementSettings,
  ...opsSettings,
  exchange: commonSettings.exchange,
  rabbitmqAdminUrl: optionalText({
    env: 'RABBITMQ_ADMIN_URL',
    sensitive: true,
    doc: 'Broker and user of saga topology repair, with the permissions to declare; without it RABBITMQ_URL.',
  }),
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
