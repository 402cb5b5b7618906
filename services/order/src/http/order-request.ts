import { currencies, CustomerEmail, CustomerId, Item, largestAmount, orderLimits } from '@order-saga/contracts'
import { type Static, Type } from 'typebox'
import { sagaStatuses } from '../domain/saga.ts'
import { defaultCurrency } from '../new-order.ts'

/** Schemas that validate requests. */
const strict = { additionalProperties: false } as const

export const NewOrderBody = Type.Object(
  {
    customerId: Type.Optional(CustomerId),
    customerEmail: CustomerEmail,
    items: Type.Array(Type.Object(Item.properties, { ...strict, description: 'an object with sku and qty' }), {
      minItems: 1,
      maxItems: orderLimits.items,
      description: `a list of 1 to ${orderLimits.items} items`,
    }),
    // How many decimals it may have depends on the currency: see money.ts of the contracts.
    amount: Type.Number({
      exclusiveMinimum: 0,
      maximum: largestAmount,
      description: `a number above 0 and at most ${largestAmount}`,
    }),
    currency: Type.Optional(
      Type.Enum([...currencies], { default: defaultCurrency, description: 'an active ISO 4217 code' }),
    ),
  },
  { ...strict, description: 'a JSON object' },
)
export type NewOrderBody = Static<typeof NewOrderBody>

const Limit = Type.String({ pattern: '^([1-9][0-9]?|100)$', description: 'an integer from 1 to 100' })
const Cursor = Type.String({ pattern: '^[A-Za-z0-9_-]{22}$', description: 'the nextCursor of an earlier answer' })

export const OrderStatus = Type.Enum(['pending', 'confirmed', 'cancelled'], {
  description: 'one of pending, confirmed, cancelled',
})
export type OrderStatus = Static<typeof OrderStatus>

export const SagaStatus = Type.Enum([...sagaStatuses], { description: `one of ${sagaStatuses.join(', ')}` })

/** Query parameters: always strings, each at most once. */
export const OrdersQuery = Type.Object(
  {
    status: Type.Optional(OrderStatus),
    customerId: Type.Optional(CustomerId),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(Cursor),
  },
  strict,
)

export const SagasQuery = Type.Object(
  {
    status: Type.Optional(SagaStatus),
    olderThanMs: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,12}$', description: 'a whole number of milliseconds of at most 12 digits' }),
    ),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(Cursor),
  },
  strict,
)
