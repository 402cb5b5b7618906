import type { AccessRules } from '@order-saga/chassis'

/** Who may use the routes of the stock API: never a customer. */
export const stockAccess: AccessRules = {
  'PUT /stock/:sku': { scopes: ['stock:write'], owners: false },
  'GET /stock/:sku': { scopes: ['stock:write', 'operate'], owners: false },
}
