import assert from 'node:assert/strict'
import { occurrencesIn } from '../src/vocabulary/check.ts'

const found = (text: string, file = 'example.ts'): string[] =>
  occurrencesIn(file, text).map(({ line, expression }) => `${line} ${expression}`)

describe('the vocabulary check', () => {
  const retired: [text: string, expected: string, file?: string][] = [
    ['// The database is away.', '1 is away'],
    ['\n// One who is waiting for what is on\n  // its way.', '2 on its way'],
    [' * a message that was given\n * up', '1 given up'],
    ['const realSurroundings = 1', '1 surroundings'],
    ["import { x } from './trail-route.ts'", '1 trail'],
    ['MAX_PATIENCE_MS: 5', '1 patience', 'compose.yaml'],
    ['type Trails = 1', '1 trails'],
    ['export interface Found {', '1 Found'],
    ['import { type Asked } from "./a.ts"', '1 Asked'],
    ['log(`nothing is told`)', '1 told'],
    ['It holds 5 unless it says otherwise.', '1 unless told otherwise', 'page.md'],
    ['// Ok. What the broker returns is ignored.', '1 What …'],
    ['', '1 story', 'test/story.ts'],
    ['', '1 look', 'src/look.ts'],
  ]
  for (const [text, expected, file] of retired) {
    it(`finds "${expected.slice(2)}" in ${JSON.stringify(text || file)}`, () => {
      assert.deepEqual(found(text, file), [expected])
    })
  }

  const current: [text: string, file?: string][] = [
    ['// The history of the inventory is stored in a slot of the replication protocol.'],
    ['// A message from far away from here'],
    ['const published_at = 1; const isFound = 2'],
    ['// Found by key. Published by order.'],
    ['// Look it up; a look-up by key looks like this.'],
    ['select case when x then y END AS z'],
    ['// What does the broker return?'],
    ['## What a cluster needs', 'page.md'],
    ['// the pod is gone; the lock is held until commit'],
  ]
  for (const [text, file] of current) {
    it(`accepts ${JSON.stringify(text)}`, () => {
      assert.deepEqual(found(text, file), [])
    })
  }

  it('reports the text and its replacement', () => {
    const [first] = occurrencesIn('a.md', 'It comes to\nits end.')
    assert.equal(first?.text, 'comes to its end')
    assert.equal(first.instead, 'completes')
  })
})
