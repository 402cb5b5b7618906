import { number } from '../../support/number-setting.ts'
import { runProgram, say } from '../../support/run-program.ts'
import { someSku } from '../../support/shop.ts'
import { System } from '../../support/system.ts'
import { podEnvironment } from './memory.ts'
import { findViolations, formatCounts, formatPeaks, runOverload } from './overload.ts'

/** Limits the throughput to 64 charges per 0.5 s on any machine. */
const slowPayment = { PAYMENT_PROCESSING_MS: 500 }
const settleLimitMs = 10 * 60_000

/** Resolves with whether no violation was found. */
async function main(): Promise<boolean> {
  const minutes = number(process.env, 'MINUTES', { fallback: 5, min: 0.1, max: 24 * 60 })
  const clients = number(process.env, 'CLIENTS', { fallback: 128, min: 1, max: 4_000, whole: true })
  say(`Overload: ${clients} clients for ${minutes} min. Starting the servers and services.`)
  const maxOpenOrders = number(process.env, 'MAX_OPEN_ORDERS', {
    fallback: 5_000,
    min: 1,
    max: 10_000_000,
    whole: true,
  })
  const envOf = { order: { MAX_OPEN_ORDERS: maxOpenOrders }, payment: slowPayment }
  const system = await System.start({ env: podEnvironment, envOf })
  try {
    const sku = someSku()
    await system.shop.putStock(sku, 100_000_000)
    const result = await runOverload({ system, sku, durationMs: minutes * 60_000, clients, say })
    await system.settle(settleLimitMs)
    await system.assertClean()
    say(`Responses: ${formatCounts(result.responses)}. Peak memory: ${formatPeaks(result.peakMiB)}.`)
    say(
      `p99 of responses: ${Math.round(result.beforeMs)} ms before and ${Math.round(result.afterMs)} ms after; ` +
        `recovered in ${(result.recoveryMs / 1_000).toFixed(1)} s. The audit is clean: no accepted order is lost.`,
    )
    const violations = findViolations(result)
    for (const violation of violations) say(`  ✘ ${violation}`)
    say(violations.length === 0 ? '  1 passing' : '  1 failing')
    return violations.length === 0
  } finally {
    await system.stop()
  }
}

await runProgram('The overload run failed', main)
