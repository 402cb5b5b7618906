import { once } from 'node:events'

// Clients that read from the order API as fast as they get responses; the parent gets the responses by status.
const [url = '', clients = '1'] = process.argv.slice(2)

/** The oldest sagas, which used to read the whole index, and the largest page of the newest. */
const query = '/sagas?olderThanMs=999999999999&limit=100'
const recent = '/sagas?olderThanMs=0&limit=100'

const counts: Record<string, number> = {}
const stop = new AbortController()

async function read(address: string): Promise<void> {
  while (!stop.signal.aborted) {
    const response = await fetch(address)
    await response.arrayBuffer()
    counts[response.status] = (counts[response.status] ?? 0) + 1
  }
}

const reading = Array.from({ length: Number(clients) }, (_, i) => read(`${url}${i % 2 === 0 ? query : recent}`))
await once(process, 'message')
stop.abort()
await Promise.all(reading)
process.send?.(counts)
process.disconnect()
