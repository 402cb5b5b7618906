import type { AccessRule, AccessRules } from '@order-saga/chassis'

export const read: AccessRule = { scopes: ['stock:write', 'operate'], owners: false }

/** Who may use the routes of the stock API: never a customer. */
export const stockAccess: AccessRules = {
  'PUT /stock/:sku': { scopes: ['stock:write'], owners: false },
  'GET /stock/:sku': read,
  'GET /openapi.json': 'public',
}
