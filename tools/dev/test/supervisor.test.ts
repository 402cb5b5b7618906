import assert from 'node:assert/strict'
import { Supervisor } from '../src/supervisor.ts'
import type { Supervised } from '../src/supervisor.ts'
import { waitUntil } from '../src/wait-until.ts'

/** A process in name only: it ends when the test says so. */
class Pretended implements Supervised {
  readonly name: string
  readonly #events: string[]
  pid: number | undefined = 1
  starts = 1
  /** Rejects the next so many starts. */
  failures = 0
  #end: (how: string) => void = () => undefined
  exited: Promise<string> = this.#begin()

  constructor(name: string, events: string[]) {
    this.name = name
    this.#events = events
  }

  #begin(): Promise<string> {
    return new Promise((resolve) => {
      this.#end = resolve
    })
  }

  die(): void {
    this.pid = undefined
    this.#end('exit code 1')
  }

  restart(): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1
      return Promise.reject(new Error('no port'))
    }
    this.starts += 1
    this.pid = this.starts
    this.exited = this.#begin()
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#events.push(`${this.name} stopping`)
    await new Promise((resolve) => setImmediate(resolve))
    this.#events.push(`${this.name} stopped`)
    this.#end('exit code 0')
  }
}

describe('the supervisor', () => {
  let events: string[]
  let supervisor: Supervisor

  function create(options: { firstWaitMs?: number; longestWaitMs?: number; steadyMs?: number } = {}): Supervisor {
    return new Supervisor({ log: (line) => events.push(line), firstWaitMs: 1, ...options })
  }

  async function dieAgain(member: Pretended): Promise<void> {
    const { starts } = member
    member.die()
    await waitUntil(() => member.starts > starts, {
      what: 'a new start',
      limitMs: 5000,
      intervalMs: 1,
      state: () => events,
    })
    // The supervisor notes the start before it waits for the next end.
    await waitUntil(() => events.at(-1)?.includes('runs again'), {
      what: 'the note of it',
      limitMs: 5000,
      intervalMs: 1,
    })
  }

  beforeEach(() => {
    events = []
  })

  afterEach(async () => supervisor.stop())

  it('restarts an ended process with increasing delays up to a limit', async () => {
    supervisor = create({ firstWaitMs: 2, longestWaitMs: 8 })
    const order = new Pretended('order', events)
    await supervisor.add(order)
    for (let times = 0; times < 4; times += 1) await dieAgain(order)
    const waits = events.flatMap(
      (line) => /order ended \(exit code 1\); starting it again in ([\d.]+) s/.exec(line)?.[1] ?? [],
    )
    assert.deepEqual(waits, ['0.002', '0.004', '0.008', '0.008'])
    assert.equal(events.at(-1), 'order runs again, pid 5')
  })

  it('resets the delay after a stable run', async () => {
    supervisor = create({ firstWaitMs: 1, steadyMs: 0 })
    const order = new Pretended('order', events)
    await supervisor.add(order)
    for (let times = 0; times < 3; times += 1) await dieAgain(order)
    assert.equal(events.filter((line) => line.endsWith('in 0.001 s')).length, 3)
  })

  it('retries a failed start, and reports the reason', async () => {
    supervisor = create()
    const order = new Pretended('order', events)
    order.failures = 2
    await supervisor.add(order)
    await dieAgain(order)
    assert.equal(events.filter((line) => line === 'order could not be started again: no port').length, 2)
  })

  it('records every change before it reports it', async () => {
    const order = new Pretended('order', events)
    const onChange = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve))
      events.push(`known as ${order.pid ?? 'ended'}`)
    }
    supervisor = new Supervisor({ log: (line) => events.push(line), firstWaitMs: 1, onChange })
    await supervisor.add(order)
    await dieAgain(order)
    assert.deepEqual(events, [
      'known as 1',
      'known as ended',
      'order ended (exit code 1); starting it again in 0.001 s',
      'known as 2',
      'order runs again, pid 2',
    ])
  })

  it('stops processes in reverse order of addition, and a group together', async () => {
    supervisor = create()
    await supervisor.add(new Pretended('postgres', events))
    await supervisor.add(new Pretended('order', events), new Pretended('payment', events))
    await supervisor.stop()
    assert.deepEqual(events, [
      'order stopping',
      'payment stopping',
      'order stopped',
      'payment stopped',
      'postgres stopping',
      'postgres stopped',
    ])
  })

  it('restarts no process while it stops', async () => {
    supervisor = create({ firstWaitMs: 60_000 })
    const order = new Pretended('order', events)
    const payment = new Pretended('payment', events)
    await supervisor.add(order, payment)
    order.die()
    await waitUntil(() => events.length > 0, { what: 'the end to be noted', limitMs: 5000 })
    await supervisor.stop()
    assert.deepEqual([order.starts, payment.starts], [1, 1])
  })

  it('stops the others when one cannot be stopped', async () => {
    supervisor = create()
    const order = new Pretended('order', events)
    order.stop = () => Promise.reject(new Error('it hangs'))
    await supervisor.add(new Pretended('postgres', events))
    await supervisor.add(order)
    await supervisor.stop()
    assert.deepEqual(events, ['it hangs', 'postgres stopping', 'postgres stopped'])
  })
})
