import { formatCheck } from './format.ts'
import { forgeries } from './forgeries.ts'
import { attacked, misreported, type Parts, production, upgrading } from './parts.ts'
import { check } from './saga-model.ts'
import { mutants } from './mutants.ts'

/** Prints the model checks of the system, and the counterexample of each mutant. */
const systems: readonly (readonly [string, Parts])[] = [
  ['The system as it is', production],
  ['With pods of the previous release', upgrading],
  ['With a payment service that reports another amount', misreported],
  ...Object.values(forgeries).map((forged) => [`With ${forged.label}, forged`, attacked(forged)] as const),
]
const broken = systems.filter(([name, parts]) => {
  const started = performance.now()
  const checked = check(parts)
  console.log(`${formatCheck(name, checked, performance.now() - started)}\n`)
  return checked.counterexample !== undefined
})

const undetected = mutants.filter(({ name, parts }) => {
  const found = check(parts)
  console.log(`${formatCheck(`If ${name}`, found, 0)}\n`)
  return found.counterexample === undefined
})
if (broken.length > 0 || undetected.length > 0) process.exitCode = 1
