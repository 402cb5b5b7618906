// needs: database
// slow: fills a database in each form
import assert from 'node:assert/strict'
import { outboxForms } from '../src/outbox-forms.ts'

describe('The forms of the outbox', function () {
  this.timeout(120_000)

  it('are each filled, marked and cleaned up, and marks spare the indexes where none is over what they change', async () => {
    const said: string[] = []
    const costs = await outboxForms({ events: 400, rounds: 1 }, (line) => said.push(line))
    assert.deepEqual(
      costs.map(({ hotShare }) => Number(hotShare.toFixed(1))),
      [0, 0, 1, 0, 0, 0],
    )
    assert.ok(
      costs.every(({ walBytes }) => walBytes > 100),
      JSON.stringify(costs),
    )
    assert.equal(said.length, costs.length)
  })
})
