import type { Checked } from '@order-saga/contracts'
import { type ChargeResult, OutcomeUnknown, type PaymentGateway } from './payment-gateway.ts'
import {
  createProviderClient,
  problemCodeOf,
  type ProviderClientOptions,
  type ProviderReply,
} from './provider-client.ts'
import {
  checkCharge,
  checkCharges,
  checkRefund,
  checkRefunds,
  contradiction,
  type ProviderCharge,
  type ProviderRefund,
} from './provider-reply.ts'

export type HttpGatewayOptions = ProviderClientOptions

/**
 * The way to a provider that speaks the protocol of docs/payment-provider.md, whose table says what each answer means.
 * Connections are kept alive and shared. Throws at once when the URL or the API key is not usable.
 */
export function createHttpGateway(options: HttpGatewayOptions): PaymentGateway {
  const client = createProviderClient(options)

  function chargeResult(reply: ProviderReply, charge: ProviderCharge): ChargeResult {
    if (charge.status === 'succeeded') return { kind: 'charged', chargeId: charge.id }
    if (charge.status === 'pending') throw senseless(reply, 'the charge is still pending')
    const { code, message } = charge.decline ?? { code: 'declined', message: '' }
    return { kind: 'declined', detail: client.quote(message === '' ? code : `${code}: ${message}`) }
  }

  /** The content of the reply, if its status is one of these, its schema is valid and it is about the request. */
  function read<T>(reply: ProviderReply, statuses: readonly number[], check: (body: unknown) => Checked<T>): T {
    if (!statuses.includes(reply.status)) throw senseless(reply, client.quote(problemCodeOf(reply) ?? ''))
    const checked = check(reply.body)
    if (!checked.ok) throw senseless(reply, `${checked.problem.field} ${checked.problem.message}`)
    return checked.value
  }

  return {
    timeLimitMs: options.timeLimitMs,

    async charge({ key, amount, currency, orderId: reference }) {
      const reply = await client.post('/charges', key, { amount, currency, reference })
      const charge = read(reply, [200, 201, 402], checkCharge)
      agree(reply, charge, { idempotency_key: key, amount, currency, reference })
      if (reply.status === 402 && charge.status !== 'declined') throw senseless(reply, `the charge is ${charge.status}`)
      return chargeResult(reply, charge)
    },

    async findCharge(key) {
      const reply = await client.find('/charges', key)
      const [charge] = read(reply, [200], checkCharges).data
      if (charge === undefined) return undefined
      agree(reply, charge, { idempotency_key: key })
      return chargeResult(reply, charge)
    },

    async refund({ key, chargeId: charge, amount, currency }) {
      const reply = await client.post('/refunds', key, { charge, amount, currency })
      const refund = read(reply, [200, 201], checkRefund)
      agree(reply, refund, { idempotency_key: key, charge, amount, currency })
      return refundResult(reply, refund)
    },

    async findRefund(key) {
      const reply = await client.find('/refunds', key)
      const [refund] = read(reply, [200], checkRefunds).data
      if (refund === undefined) return undefined
      agree(reply, refund, { idempotency_key: key })
      return refundResult(reply, refund)
    },
  }
}

function refundResult(reply: ProviderReply, refund: ProviderRefund): { refundId: string } {
  if (refund.status !== 'succeeded') throw senseless(reply, `the refund is ${refund.status}`)
  return { refundId: refund.id }
}

function agree<T extends Readonly<Record<string, unknown>>>(reply: ProviderReply, found: T, asked: Partial<T>): void {
  const field = contradiction(found, asked)
  if (field !== undefined) throw senseless(reply, `its ${field} is not that of the request`)
}

function senseless({ request, status }: ProviderReply, why: string): OutcomeUnknown {
  return new OutcomeUnknown(`${request} was answered with ${status}${why === '' ? '' : `: ${why}`}`)
}
