import type { ChassisMetrics } from '@order-saga/chassis'
import { Counter } from 'prom-client'
import type { Warehouse } from './store/reservations.ts'

/** @returns what counts the decisions of a transaction that has just committed */
export function createInventoryMetrics({ registry }: ChassisMetrics): (warehouse: Warehouse) => void {
  const reservations = new Counter({
    name: 'reservations_total',
    help: 'Reservations by what became of them: reserved, rejected, released, committed, cancelled; sum over pods.',
    labelNames: ['result'],
    registers: [registry],
  })
  for (const result of ['reserved', 'rejected', 'released', 'committed', 'cancelled']) reservations.inc({ result }, 0)
  return (warehouse) => {
    for (const { status } of warehouse.changedReservations()) reservations.inc({ result: status })
  }
}
