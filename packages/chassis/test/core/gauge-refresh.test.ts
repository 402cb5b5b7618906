import assert from 'node:assert/strict'
import { Gauge, Registry } from 'prom-client'
import { createGaugeRefresh } from '../../src/core/gauge-refresh.ts'

describe('Gauges that are refreshed', () => {
  it('have no value before the first reading, nor after one that failed', async () => {
    const registry = new Registry()
    const plain = new Gauge({ name: 'plain', help: 'h', registers: [registry] })
    const labelled = new Gauge({ name: 'labelled', help: 'h', labelNames: ['status'], registers: [registry] })
    let answers = true
    const measure = createGaugeRefresh([plain, labelled], async () => {
      if (!answers) throw new Error('the database is away')
      plain.set(3)
      labelled.set({ status: 'open' }, 4)
    })
    const samples = async (): Promise<string[]> =>
      (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    assert.deepEqual(await samples(), [])
    await measure()
    assert.deepEqual(await samples(), ['plain 3', 'labelled{status="open"} 4'])
    answers = false
    await assert.rejects(measure, /the database is away/)
    assert.deepEqual(await samples(), [])
    answers = true
    await measure()
    assert.equal((await samples()).length, 2)
  })
})
