import { once } from 'node:events'

// Clients that read from the order API as fast as they get responses, from each message of the parent until the next, which
// gets the responses by status.
const [url = '', clients = '1'] = process.argv.slice(2)

/** The oldest sagas, which used to read the whole index, and the largest page of the newest. */
const query = '/sagas?olderThanMs=999999999999&limit=100'
const recent = '/sagas?olderThanMs=0&limit=100'

async function read(address: string, counts: Record<string, number>, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const response = await fetch(address)
    await response.arrayBuffer()
    counts[response.status] = (counts[response.status] ?? 0) + 1
  }
}

for (;;) {
  await once(process, 'message')
  const counts: Record<string, number> = {}
  const stop = new AbortController()
  const reading = Array.from({ length: Number(clients) }, (_, i) =>
    read(`${url}${i % 2 === 0 ? query : recent}`, counts, stop.signal),
  )
  await once(process, 'message')
  stop.abort()
  await Promise.all(reading)
  process.send?.(counts)
}
