import { messageOf } from '@order-saga/chassis'
import { ensureOperators } from './operators.ts'
import { say } from './suite.ts'

try {
  const provider = process.env['AUTOSCALING'] === 'keda' ? 'keda' : 'hpa'
  for (const line of await ensureOperators(provider)) say(line)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
