import type { PaymentConfig } from '../config.ts'
import { createHttpGateway } from './http-gateway.ts'
import type { PaymentGateway } from './payment-gateway.ts'
import { createSimulatedGateway } from './simulated-gateway.ts'

/** A simulated refund answers at once; this is for a busy event loop. */
const simulatedRefundLimitMs = 1_000

export interface ConfiguredGateway {
  readonly gateway: PaymentGateway
  readonly refundTimeLimitMs: number
  /** Ends simulated charges in flight; calls to a provider end at their time limit. */
  readonly close: () => void
}

export function createGateway(config: PaymentConfig, now: () => Date): ConfiguredGateway {
  const { gatewayUrl, gatewayApiKey, gatewayTimeoutMs, failureRate, processingMs } = config
  if (config.gateway === 'http') {
    const gateway = createHttpGateway({ url: gatewayUrl, apiKey: gatewayApiKey, timeLimitMs: gatewayTimeoutMs })
    return { gateway, refundTimeLimitMs: gatewayTimeoutMs, close: () => undefined }
  }
  const gateway = createSimulatedGateway({ failureRate, processingMs, now })
  return { gateway, refundTimeLimitMs: simulatedRefundLimitMs, close: () => gateway.close() }
}
