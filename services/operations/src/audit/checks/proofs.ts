import { type OrderCheck, unlessInFlight } from '../finding.ts'

/**
 * A confirmed order has both proofs in its history. A release that confirms without the payment's sees it later: then it
 * is a violation only when no event of the order is in flight.
 */
export const checkProofs: OrderCheck = ({ saga }) =>
  saga?.status !== 'completed'
    ? []
    : [
        ...(saga.isPaid ? [] : [unlessInFlight('proofs', 'confirmed without a payment that matches the order')]),
        ...(saga.isReserved
          ? []
          : [unlessInFlight('proofs', 'confirmed without a reservation that matches the order')]),
      ]
