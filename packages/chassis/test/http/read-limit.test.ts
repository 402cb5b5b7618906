// needs: none
import assert from 'node:assert/strict'
import { Problem } from '../../src/http/problem.ts'
import { ReadLimit } from '../../src/http/read-limit.ts'

describe('ReadLimit', () => {
  it('refuses more than 200 reads in progress with 503, and accepts others once some have completed', async () => {
    const limit = new ReadLimit()
    const finish: (() => void)[] = []
    const read = (): Promise<void> => limit.run(() => new Promise<void>((done) => void finish.push(done)))
    const running = Array.from({ length: 200 }, read)
    await assert.rejects(read(), (error) => error instanceof Problem && error.status === 503)
    for (const done of finish) done()
    await Promise.all(running)
    assert.equal(await limit.run(async () => 'read'), 'read')
  })
})
