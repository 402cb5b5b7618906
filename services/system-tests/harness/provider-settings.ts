import type { GatewayLedger, LedgerEntry } from '@order-saga/operations'
import type { Provider } from '../../payment/test/gateway/provider.ts'

/** What makes the payment service use the provider, with a time limit short enough to be met in a test. */
export function providerSettings(provider: Provider, timeoutMs = 1_000): NodeJS.ProcessEnv {
  return {
    PAYMENT_GATEWAY: 'http',
    PAYMENT_GATEWAY_URL: provider.url,
    PAYMENT_GATEWAY_API_KEY: provider.apiKey,
    PAYMENT_GATEWAY_TIMEOUT_MS: String(timeoutMs),
  }
}

/** The provider's own books as the audit reads them. */
export function ledgerOf({ ledger }: Provider): GatewayLedger {
  const byKey = (entries: readonly (LedgerEntry & { idempotency_key: string })[]): ReadonlyMap<string, LedgerEntry> =>
    new Map(entries.map((entry) => [entry.idempotency_key, entry]))
  return {
    charges: byKey(ledger.charges.filter(({ status }) => status === 'succeeded')),
    refunds: byKey(ledger.refunds),
  }
}
