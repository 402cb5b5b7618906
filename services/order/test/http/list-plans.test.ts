// needs: database
import assert from 'node:assert/strict'
import { Database } from '@order-saga/chassis'
import { listOrders } from '../../src/store/read-orders.ts'
import { listSagas, listSagasOf } from '../../src/store/read-sagas.ts'
import { OrderApi, orderDatabase } from './order-api.ts'

const page = { before: 'ffffffff-ffff-ffff-ffff-ffffffffffff', limit: 21 }

/** A database that plans instead of reading, with the plan a prepared statement comes to. */
class Planner extends Database {
  readonly plans: string[] = []

  override async query<R extends object>(
    { name, text }: { name: string; text: string },
    values: readonly unknown[] = [],
  ): Promise<R[]> {
    const types = values.map((value) => (typeof value === 'number' ? 'int' : 'unknown')).join(', ')
    const given = values
      .map((value) => (value === null || typeof value === 'number' ? String(value) : `'${value as string}'`))
      .join(', ')
    const lines = await this.transaction(async (tx) => {
      await tx.query({ name: '', text: 'SET LOCAL plan_cache_mode = force_generic_plan' })
      await tx.query({ name: '', text: `PREPARE "${name} plan" (${types}) AS ${text}` })
      return await tx.query<{ 'QUERY PLAN': string }>({ name: '', text: `EXPLAIN EXECUTE "${name} plan" (${given})` })
    })
    this.plans.push(lines.map((line) => line['QUERY PLAN']).join('\n'))
    return []
  }
}

describe('the lists', function () {
  this.timeout(60_000)
  let planner: Planner
  before(async () => {
    const { port, user, password } = await orderDatabase('list_plans')
    const api = await OrderApi.start({ database: 'list_plans' })
    planner = new Planner({
      host: '127.0.0.1',
      port,
      name: 'list_plans',
      user,
      password,
      caFile: '',
      poolMax: 2,
      applicationName: 'list-plans-test',
      log: api.logger,
    })
    const fill = [
      `INSERT INTO orders (order_id, saga_id, customer_id, customer_email, items, amount, currency, status, created_at, updated_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'cust-' || i % 50, 'a@example.com', '[{"sku":"A","qty":1}]', 1, 'USD',
         CASE WHEN i % 1000 = 0 THEN 'pending' WHEN i % 5 = 0 THEN 'cancelled' ELSE 'confirmed' END, now(), now()
       FROM generate_series(1, 40000) AS i`,
      `INSERT INTO saga_instances (saga_id, order_id, status, reason, timeout_at, created_at, updated_at, finished_at)
       SELECT saga_id, order_id, CASE status WHEN 'pending' THEN 'pending' WHEN 'confirmed' THEN 'completed' ELSE 'cancelled' END,
         CASE status WHEN 'cancelled' THEN 'payment_failed' END, now(), now(), now(), CASE status WHEN 'pending' THEN NULL ELSE now() END
       FROM orders`,
      'ANALYZE orders',
      'ANALYZE saga_instances',
    ]
    for (const text of fill) await api.database.query({ name: '', text })
    await api.close()
  })
  after(async () => await planner.close())

  const ofOrder = ['order_id <']
  const lists: [string, index: string, conditions: string[], () => Promise<unknown>][] = [
    ['all orders', 'orders_pkey', ofOrder, () => listOrders(planner, {}, page)],
    [
      'orders of a status',
      'orders_by_status',
      ['status =', ...ofOrder],
      () => listOrders(planner, { status: 'pending' }, page),
    ],
    [
      "a customer's orders",
      'orders_by_customer',
      ['customer_id =', ...ofOrder],
      () => listOrders(planner, { customerId: 'cust-7' }, page),
    ],
    [
      "a customer's orders of a status",
      'orders_by_customer_status',
      ['customer_id =', 'status =', ...ofOrder],
      () => listOrders(planner, { customerId: 'cust-7', status: 'pending' }, page),
    ],
    ['all sagas', 'saga_instances_pkey', ['saga_id <'], () => listSagas(planner, {}, page)],
    [
      'sagas of a status',
      'sagas_by_status',
      ['status =', 'saga_id <'],
      () => listSagas(planner, { status: 'pending' }, page),
    ],
    [
      "a customer's sagas",
      'orders_by_customer',
      ['customer_id =', ...ofOrder],
      () => listSagasOf(planner, 'cust-7', {}, page),
    ],
    [
      "a customer's sagas of a status",
      'orders_by_customer_status',
      ['customer_id =', 'status =', ...ofOrder],
      () => listSagasOf(planner, 'cust-7', { status: 'cancelled' }, page),
    ],
  ]
  for (const [name, index, conditions, list] of lists) {
    it(`reads ${name} from an index, in the order of the answer`, async () => {
      await list()
      const plan = planner.plans.at(-1) ?? ''
      const condition = new RegExp(`Index (?:Only )?Scan Backward using ${index} .*\\n *Index Cond: (.*)`).exec(
        plan,
      )?.[1]
      assert.ok(condition, plan)
      for (const part of conditions) assert.ok(condition.includes(part), `${part}: ${plan}`)
      assert.doesNotMatch(plan, /Sort|Seq Scan/)
    })
  }
})
