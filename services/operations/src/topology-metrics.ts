import { type Log, messageOf } from '@order-saga/chassis'
import type { Topology } from '@order-saga/contracts'
import { Gauge, type Registry } from 'prom-client'
import { type BrokerDefinitions, missingParts } from './inspect/topology/check-topology.ts'

/**
 * Exports how many parts of the topology the broker lacks, by kind. Each scrape reads the broker: a binding that one of
 * several consumers lacks leaves no other trace until a saga waits for it. Absent while the broker cannot be read, and
 * without `read`.
 */
export function exportMissingParts(
  registry: Registry,
  read: (() => Promise<BrokerDefinitions>) | undefined,
  topology: Topology,
  log: Log,
): void {
  let reported = ''
  const report = (found: string, level: 'error' | 'warn' | 'info', fields: object, message: string): void => {
    if (found !== reported) log[level](fields, message)
    reported = found
  }
  const gauge = new Gauge({
    name: 'topology_missing_parts',
    help: 'Exchanges, queues and bindings that the broker lacks, by kind; take the maximum over pods.',
    labelNames: ['kind'],
    registers: [registry],
    collect: async () => {
      if (read === undefined) return
      try {
        const missing = missingParts(await read(), topology)
        for (const [kind, names] of Object.entries(missing)) gauge.set({ kind }, names.length)
        const names = Object.values(missing).flat()
        if (names.length > 0) report(names.join(), 'error', { missing }, 'the broker lacks parts of the topology')
        else if (reported !== '') report('', 'info', {}, 'the topology of the broker is complete')
      } catch (error) {
        gauge.reset()
        const reason = messageOf(error)
        report(reason, 'warn', { reason }, 'the topology of the broker cannot be read')
      }
    },
  })
}
