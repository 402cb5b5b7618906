import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { corkPerTurn } from '../../src/messaging/connect.ts'
import { turn } from '../support/turn.ts'

describe('a stream that is corked per turn', () => {
  /** The chunks of each system call. */
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
    corkPerTurn(stream)
  })

  it('sends the writes of one turn together and in order, and those of the next turn separately', async () => {
    for (const text of ['a', 'b', 'c']) stream.write(text)
    assert.deepEqual(calls, [])
    await turn()
    stream.write('d')
    await turn()
    assert.deepEqual(calls, [['a', 'b', 'c'], ['d']])
  })

  it('reports a full buffer, and emits drain when it is empty again', async () => {
    let drained = false
    stream.once('drain', () => (drained = true))
    assert.equal(stream.write('five.'), true)
    assert.equal(stream.write('and six'), false)
    await turn()
    assert.equal(drained, true)
  })

  it('loses nothing when it ends in the same turn', async () => {
    stream.write('a')
    stream.end('b')
    await turn()
    assert.equal(calls.flat().join(''), 'ab')
  })
})
