import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { joinWrites } from '../../src/messaging/join-writes.ts'
import { turn } from '../support/turn.ts'

describe('joined writes', () => {
  /** What each system call would have carried. */
  let calls: string[][]
  let stream: Writable

  beforeEach(() => {
    calls = []
    stream = new Writable({
      highWaterMark: 10,
      write: (chunk: Buffer, _encoding, done) => {
        calls.push([chunk.toString()])
        done()
      },
      writev: (chunks, done) => {
        calls.push(chunks.map(({ chunk }) => (chunk as Buffer).toString()))
        done()
      },
    })
    joinWrites(stream)
  })

  it('of one turn leave together, in their order, and those of the next turn on their own', async () => {
    for (const text of ['a', 'b', 'c']) stream.write(text)
    assert.deepEqual(calls, [])
    await turn()
    stream.write('d')
    await turn()
    assert.deepEqual(calls, [['a', 'b', 'c'], ['d']])
  })

  it('still say when the buffer is full, and tell of it when it is empty again', async () => {
    let drained = false
    stream.once('drain', () => (drained = true))
    assert.equal(stream.write('five.'), true)
    assert.equal(stream.write('and six'), false)
    await turn()
    assert.equal(drained, true)
  })

  it('lose nothing when the stream ends in the same turn', async () => {
    stream.write('a')
    stream.end('b')
    await turn()
    assert.equal(calls.flat().join(''), 'ab')
  })
})
