import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { ClientAnswer } from './sources.ts'

/**
 * Reads a client's log: a JSON object per line with at, status, and where there was one orderId, sagaId, idempotencyKey.
 * @throws Error naming the line that is none
 */
export async function* readClientLog(file: string): AsyncGenerator<ClientAnswer> {
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })
  let number = 0
  for await (const line of lines) {
    number += 1
    if (line.trim() === '') continue
    const answer = parse(line)
    if (answer === undefined) throw new Error(`line ${number} of ${file} is no answer to a client`)
    yield answer
  }
}

function parse(line: string): ClientAnswer | undefined {
  try {
    const { at, status, orderId, sagaId, idempotencyKey } = JSON.parse(line) as Record<string, unknown>
    if (typeof at !== 'string' || typeof status !== 'number') return undefined
    return { at, status, orderId: text(orderId), sagaId: text(sagaId), idempotencyKey: text(idempotencyKey) }
  } catch {
    return undefined
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
