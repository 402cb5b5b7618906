import { number } from '../../support/number-setting.ts'
import { runProgram, say } from '../../support/run-program.ts'
import { someSku } from '../../support/shop.ts'
import { System } from '../../support/system.ts'
import { asInThePod } from './memory.ts'
import { complaints, counted, overload, peaks } from './overload.ts'

/** 64 charges in half a second are the most that is taken, whatever the machine. */
const narrowPlace = { PAYMENT_PROCESSING_MS: 500 }
const settleLimitMs = 10 * 60_000

/** Resolves with whether all promises were kept. */
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
  const envOf = { order: { MAX_OPEN_ORDERS: maxOpenOrders }, payment: narrowPlace }
  const system = await System.start({ env: asInThePod, envOf })
  try {
    const sku = someSku()
    await system.shop.putStock(sku, 100_000_000)
    const result = await overload({ system, sku, forMs: minutes * 60_000, clients, say })
    await system.settle(settleLimitMs)
    await system.assertClean()
    say(`Answers: ${counted(result.answers)}. Peak memory: ${peaks(result.peakMiB)}.`)
    say(
      `99 % of answers within ${Math.round(result.beforeMs)} ms before and ${Math.round(result.afterMs)} ms after; ` +
        `recovered in ${(result.recoveryMs / 1_000).toFixed(1)} s. The audit is clean: no accepted order is lost.`,
    )
    const wrong = complaints(result)
    for (const complaint of wrong) say(`  ✘ ${complaint}`)
    say(wrong.length === 0 ? '  1 passing' : '  1 failing')
    return wrong.length === 0
  } finally {
    await system.stop()
  }
}

await runProgram('The overload ended badly', main)
