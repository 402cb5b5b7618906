import assert from 'node:assert/strict'
import { Gauge, Registry } from 'prom-client'
import { createGaugeRefresh } from '../../src/core/gauge-refresh.ts'

describe('refreshed gauges', () => {
  it('have no value before the first measurement, nor after a failed one', async () => {
    const registry = new Registry()
    const plain = new Gauge({ name: 'plain', help: 'h', registers: [registry] })
    const labelled = new Gauge({ name: 'labelled', help: 'h', labelNames: ['status'], registers: [registry] })
    let available = true
    const measure = createGaugeRefresh([plain, labelled], async () => {
      if (!available) throw new Error('the database is unavailable')
      plain.set(3)
      labelled.set({ status: 'open' }, 4)
    })
    const samples = async (): Promise<string[]> =>
      (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    assert.deepEqual(await samples(), [])
    await measure()
    assert.deepEqual(await samples(), ['plain 3', 'labelled{status="open"} 4'])
    available = false
    await assert.rejects(measure, /the database is unavailable/)
    assert.deepEqual(await samples(), [])
    available = true
    await measure()
    assert.equal((await samples()).length, 2)
  })
})
