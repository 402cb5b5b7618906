import type { AccessRule, AccessRules } from '@order-saga/chassis'

const create: AccessRule = { scopes: ['orders:create'], owners: true }
export const read: AccessRule = { scopes: ['orders:read'], owners: true }

/** Who may use the routes of the order API. A customer's token is limited to that customer's orders and sagas. */
export const orderAccess: AccessRules = {
  'POST /orders': create,
  'GET /orders': read,
  'GET /orders/:orderId': read,
  'GET /sagas': read,
  'GET /sagas/:sagaId': read,
  'GET /sagas/:sagaId/explain': read,
  'GET /openapi.json': 'public',
}
