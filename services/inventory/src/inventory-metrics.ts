import type { ChassisMetrics } from '@order-saga/chassis'
import { Counter } from 'prom-client'
import type { LockedInventory } from './store/locked-inventory.ts'

/** @returns a function that counts the decisions of a committed transaction */
export function createInventoryMetrics({ registry }: ChassisMetrics): (inventory: LockedInventory) => void {
  const reservations = new Counter({
    name: 'reservations_total',
    help: 'Reservations by what became of them: reserved, rejected, released, committed, cancelled; sum over pods.',
    labelNames: ['result'],
    registers: [registry],
  })
  for (const result of ['reserved', 'rejected', 'released', 'committed', 'cancelled']) reservations.inc({ result }, 0)
  return (inventory) => {
    for (const { state } of inventory.changed()) reservations.inc({ result: state.status })
  }
}
