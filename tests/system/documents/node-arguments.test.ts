import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { load } from 'js-yaml'
import { nodeArguments } from '../../../tools/dev/src/node-arguments.ts'

const read = (path: string): Promise<string> => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')

describe('The arguments of Node', () => {
  it('are those of the images', async () => {
    const command = /^CMD (\[.*\])$/m.exec(await read('services/Dockerfile'))?.[1] ?? '[]'
    assert.deepEqual(JSON.parse(command), ['node', ...nodeArguments, 'service/dist/main.js'])
  })

  it('are those of the chart', async () => {
    const values = load(await read('charts/order-saga/values.yaml')) as { readonly defaults: object }
    assert.deepEqual((values.defaults as { readonly nodeArgs: unknown }).nodeArgs, nodeArguments)
  })
})
