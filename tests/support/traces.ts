import type { System } from './system.ts'

/** All that an order has changed anywhere, but for the times of its changes and what its saga saw come late. */
export async function rowsOf(system: System, orderId: string): Promise<unknown[]> {
  return await Promise.all([
    system.sql('order', 'SELECT status FROM orders WHERE order_id = $1', [orderId]),
    system.sql(
      'order',
      `SELECT status, reason, compensation, refund_requests, finished_at FROM saga_instances WHERE order_id = $1`,
      [orderId],
    ),
    system.sql('payment', 'SELECT * FROM payment_transactions WHERE order_id = $1', [orderId]),
    system.sql('inventory', 'SELECT * FROM inventory_reservations WHERE order_id = $1', [orderId]),
    system.sql('inventory', 'SELECT sku, available, reserved, shipped FROM stock ORDER BY sku'),
  ])
}
