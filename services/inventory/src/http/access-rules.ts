import type { AccessRules } from '@order-saga/chassis'

/** Who may use the routes of the stock API: never a customer. */
export const stockAccess: AccessRules = {
  'PUT /stock/:sku': { scopes: ['stock:write'], customers: false },
  'GET /stock/:sku': { scopes: ['stock:write', 'operate'], customers: false },
}
