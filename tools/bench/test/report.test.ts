import assert from 'node:assert/strict'
import type { BenchResult } from '../src/bench.ts'
import { formatBench } from '../src/report.ts'
import { formatScale } from '../src/scale-report.ts'
import { formatSweep } from '../src/sweep-report.ts'
import { formatTable } from '../src/table.ts'
import { somePhase } from './some-phase.ts'

const latencies = { p50: 12, p99: 34, p999: 40, max: 41 }
const result: BenchResult = {
  options: { seconds: 10, open: 4, rate: 70, seed: 1 },
  phases: [somePhase('saturation'), somePhase('idle', { completed: 50, refused: 2 })],
  hops: [{ from: 'order.created', to: 'payment.completed', p50: 7, p90: 21.5 }],
  alone: { relay: { fromTable: 11_000, fromMemory: 22_000 }, consumer: 3_300 },
  bare: { sqlOne: 200, sqlHundred: 1_000, messages: 500, path: { idle: latencies, warm: latencies } },
  violations: '',
}

describe('a table', () => {
  it('aligns its first column to the left and the others to the right', () => {
    assert.equal(
      formatTable([
        ['name', 'value', ''],
        ['a', '1', 'ok'],
      ]),
      'name  value\na         1  ok',
    )
  })
})

describe('the report of the bench', () => {
  const text = formatBench(result)
  const lines = text.split('\n')

  it('has a row for each phase, with the busy cores, and its failures in the name', () => {
    assert.match(lines[0] ?? '', /^phase .+ CPU ms\/saga +cores$/)
    assert.match(lines[1] ?? '', /^saturation +100 +10\.0 .+ 5\.00 +0\.60$/)
    assert.match(lines[2] ?? '', /^idle \(2 refused, 0 failed, 0 open\) +5 /)
  })

  it('has the costs per saga, the components alone and the servers alone', () => {
    const costs = lines.indexOf('Per saga, CPU in ms:')
    assert.match(
      lines[costs + 1] ?? '',
      /^phase +order +PostgreSQL +load generator +statements +transactions +round trips$/,
    )
    assert.match(lines[costs + 2] ?? '', /^saturation +3\.00 +2\.00 +1\.00 +3\.00 +1\.00 +2\.00$/)
    assert.ok(lines.includes('  the system       160 MiB proportional'))
    assert.match(text, /\n {2}rows written 21\.00, confirms 4\.00, WAL 9000 bytes, network 8000 bytes per saga\n/)
    assert.ok(lines.includes('  order.created to payment.completed        p50 7.0 ms, p90 21.5 ms'))
    assert.ok(lines.includes('  one saga, idle                            p50 12.0 ms, p99 34.0 ms'))
    assert.ok(lines.includes('  relay, polled from the table                11000 events/s'))
    assert.ok(lines.includes('  relay, offered after the commit             22000 events/s'))
    assert.ok(lines.includes('  inventory, with a full queue                 3300 messages/s'))
    assert.match(lines.find((line) => line.includes('RabbitMQ, confirmed')) ?? '', /500 sagas\/s +the system: 20 %$/)
    assert.equal(lines.at(-1), 'The audit of all orders is clean.')
  })
})

describe('the report of scaling out', () => {
  it('has the throughput per number of processes, with its ratios to one process and to the ideal', () => {
    const step = { processes: 2, perSecond: 120, ideal: 160, ratio: 1.6, outcomeP99: 1_234.5, cores: 1 }
    const text = formatScale({ options: { seconds: 5, seed: 1 }, steps: [step], violations: 'stock' })
    assert.match(text, /\n2 +120\.0 +1\.60 +160 +75 % +1235 +1\.00\n/)
    assert.match(text, /The audit found violations: stock$/)
  })
})

describe('the report of a sweep', () => {
  it('has each pair of settings with its ratio to the best', () => {
    const step = { prefetch: 50, batchSize: 25, perSecond: 380, outcomeP50: 1_400, outcomeP99: 1_900, rabbitMqMiB: 170 }
    const slow = { ...step, cpuPerSaga: 4.3, transactionsPerSaga: 0.5 }
    const fast = { ...slow, prefetch: 200, perSecond: 500 }
    const options = { prefetches: [50, 200], batchSizes: [25], rounds: 1, seconds: 5, open: 4, seed: 1 }
    const lines = formatSweep({ options, steps: [slow, fast], violations: '' }).split('\n')
    assert.match(lines[1] ?? '', /^50 +25 +380 +76 % +4\.30 +1400 +1900 +0\.50 +170$/)
    assert.match(lines[2] ?? '', /^200 +25 +500 +100 %/)
  })
})
