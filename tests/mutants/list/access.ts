import type { MutantsByPromise } from '../mutant.ts'

const orderRoutes = 'services/order/src/http/order-routes.ts'

export const access: MutantsByPromise = {
  'A request has an effect only if its token is valid and has a scope of the route.': [
    {
      name: 'any-scope-accepted',
      file: 'packages/chassis/src/http/access/require-access.ts',
      original: 'if (!rule.scopes.some((scope) => scopes.has(scope)))',
      replacement: 'if (scopes.size === 0)',
      test: 'accepts exactly the scope of each route',
    },
    {
      name: 'any-algorithm-accepted',
      file: 'packages/chassis/src/http/access/token-verifier.ts',
      original: 'algorithms: [...algorithms],',
      replacement: "algorithms: [...algorithms, 'ES256'],",
      test: 'refuses an algorithm that is not in the list, also with a key of the issuer',
    },
  ],
  'A customer sees only its own orders and sagas, and creates orders only for itself.': [
    {
      name: 'order-of-another-customer-shown',
      file: orderRoutes,
      original: 'if (order === undefined || (customerId !== undefined && order.customerId !== customerId)) {',
      replacement: 'if (order === undefined || customerId === order.orderId) {',
      test: 'shows a customer only its own orders and sagas, and the same 404 for others as for unknown ones',
    },
    {
      name: 'customer-of-the-body',
      file: orderRoutes,
      original: '{ ...given, customerId: caller.owner }',
      replacement: '{ customerId: caller.owner, ...given }',
      test: 'takes the customer of an order from the token',
    },
  ],
  'A change by an operator or of stock is recorded with the subject of its token.': [
    {
      name: 'operator-without-scope',
      file: 'services/operations/src/cli/command-context.ts',
      original: 'checkRule(caller, operatorRule)',
      replacement: 'void [checkRule, operatorRule]',
      test: 'identifies the operator by the subject of an access token with the scope operate',
    },
    {
      name: 'stock-change-without-record',
      file: 'services/inventory/src/store/stock.ts',
      original: '$3::timestamptz FROM changed',
      replacement: '$3::timestamptz FROM changed WHERE false',
      test: 'records each change of stock with the operator, and nothing else',
    },
  ],
}
