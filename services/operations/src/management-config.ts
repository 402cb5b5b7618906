import { brokerUrl, type CommonConfig, optionalText, type Setting } from '@order-saga/chassis'
import { ManagementApi } from './inspect/topology/management.ts'

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

/** Undefined where no address is set. @throws ConfigurationError */
export function managementApi(
  config: ManagementConfig & Pick<CommonConfig, 'rabbitmqUrl' | 'rabbitmqPassword'>,
): ManagementApi | undefined {
  const { rabbitmqManagementUrl: url } = config
  return url === '' ? undefined : new ManagementApi(url, brokerUrl(config))
}
