import assert from 'node:assert/strict'
import { perSaga } from '../src/costs.ts'
import { latenciesOf } from '../src/load-plan.ts'
import { busyCores, cpuPerSaga, rateOf } from '../src/phase.ts'
import { segmentsIn } from '../src/round-trips.ts'
import { idealRate } from '../src/scale.ts'
import { somePhase } from './some-phase.ts'

describe('the figures of a phase', () => {
  it('have sagas per second', () => {
    assert.equal(rateOf(somePhase('saturation')), 100)
  })

  it('have the CPU time per saga, without the load generator', () => {
    assert.equal(cpuPerSaga(somePhase('saturation')), 5)
    assert.equal(cpuPerSaga(somePhase('nothing', { completed: 0 })), 5_000)
  })

  it('have the busy cores, with the load generator', () => {
    assert.equal(busyCores({ order: 3_000, PostgreSQL: 6_000, 'load generator': 1_000 }, 5_000), 2)
  })

  it('have the costs per saga between two readings', () => {
    const before = {
      walBytes: 100,
      networkBytes: 10,
      statements: 1,
      transactions: 2,
      roundTrips: 3,
      rows: 3,
      confirms: 4,
    }
    const after = {
      walBytes: 300,
      networkBytes: 30,
      statements: 11,
      transactions: 12,
      roundTrips: 15,
      rows: 43,
      confirms: 12,
    }
    assert.deepEqual(perSaga(before, after, 2), {
      walBytes: 100,
      networkBytes: 10,
      statements: 5,
      transactions: 5,
      roundTrips: 6,
      rows: 20,
      confirms: 4,
    })
  })

  it('have the requests that a server received, from the counters of its sockets', () => {
    const sockets = ` 0 0 127.0.0.1:5432 127.0.0.1:40000
\t cubic wscale:7,7 rto:204 segs_out:20 segs_in:30 data_segs_out:18 data_segs_in:17 send 1Gbps
 0 0 127.0.0.1:5432 127.0.0.1:40002
\t cubic segs_out:2 segs_in:3 data_segs_out:1 data_segs_in:2`
    assert.equal(segmentsIn(sockets), 19)
  })

  it('have percentiles and the maximum of latencies', () => {
    const values = Array.from({ length: 1_000 }, (_, i) => 1_000 - i)
    assert.deepEqual(latenciesOf(values), { p50: 501, p99: 991, p999: 1_000, max: 1_000 })
    assert.ok(Number.isNaN(latenciesOf([]).p50))
  })
})

describe('the ideal rate of scaling out', () => {
  it('is the concurrency limit of all processes divided by 100 ms', () => {
    assert.deepEqual([1, 2, 4].map(idealRate), [80, 160, 320])
  })
})
