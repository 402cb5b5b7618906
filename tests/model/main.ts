import { formatCheck } from './format.ts'
import { production } from './parts.ts'
import { check } from './saga-model.ts'
import { mutants } from './mutants.ts'

/** Prints the model check of the system, and the counterexample of each mutant. */
const started = performance.now()
const checked = check(production)
console.log(formatCheck('The system as it is', checked, performance.now() - started))

const undetected = mutants.filter(({ name, parts }) => {
  const found = check(parts)
  console.log(`\n${formatCheck(`If ${name}`, found, 0)}`)
  return found.counterexample === undefined
})
if (checked.counterexample !== undefined || undetected.length > 0) process.exitCode = 1
