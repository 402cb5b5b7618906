import { messageOf } from '@order-saga/chassis'
import { sendOrders } from '@order-saga/operations'
import { say } from './suite.ts'

const [url = 'http://localhost:3000', count = '20'] = process.argv.slice(2)

try {
  for (const line of await sendOrders(url, Number(count))) say(line)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
