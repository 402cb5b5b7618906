import type { GatewayLedger } from '@order-saga/operations'
import type { Operation } from './provider/misbehaviour.ts'
import type { Provider } from './provider/provider.ts'
import type { ProviderLedger } from './provider/provider-ledger.ts'

/** The provider's books as the audit reads them. */
export function ledgerOf({ charges, refunds }: ProviderLedger): GatewayLedger {
  const succeeded = charges.filter(({ status }) => status === 'succeeded')
  return {
    charges: new Map(succeeded.map((charge) => [charge.idempotency_key, charge])),
    refunds: new Map(refunds.map((refund) => [refund.idempotency_key, refund])),
  }
}

/** The requests that the provider received for an order, in the order of arrival. */
export function requestsFor({ requests }: Provider, orderId: string): Operation[] {
  return requests.filter(({ key }) => key.endsWith(`:${orderId}`)).map(({ operation }) => operation)
}
