// needs: own-servers
// slow: five starts of a broker
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'amqplib'
import { startRabbitMq } from '../src/rabbitmq.ts'
import type { RabbitMqServer } from '../src/rabbitmq-server.ts'
import { descendants, isRunning } from '../src/process-tree.ts'
import { waitUntil } from '../src/wait-until.ts'

const queueTypes = ['classic', 'quorum']

async function withChannel<T>(
  url: string,
  use: (channel: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createConfirmChannel']>>) => Promise<T>,
): Promise<T> {
  const connection = await connect(url, { timeout: 5000 })
  connection.on('error', () => undefined)
  try {
    return await use(await connection.createConfirmChannel())
  } finally {
    await connection.close()
  }
}

function epmdPort(pid: number): string | undefined {
  return /ERL_EPMD_PORT=(\d+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1]
}

function epmds(port: string | undefined): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry) || !isRunning(Number(entry))) return false
    const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0')
    return command[0]?.endsWith('epmd') === true && command.includes(port ?? '')
  })
}

describe('a private RabbitMQ', () => {
  let server: RabbitMqServer

  before(async () => {
    server = await startRabbitMq()
  })

  after(async () => server?.stop())

  async function publish(text: string): Promise<void> {
    await withChannel(server.url, async (channel) => {
      for (const type of queueTypes) {
        await channel.assertQueue(type, { durable: true, arguments: { 'x-queue-type': type } })
        channel.sendToQueue(type, Buffer.from(text), { persistent: true })
      }
      await channel.waitForConfirms()
    })
  }

  function take(queue: string): Promise<string> {
    return withChannel(server.url, (channel) =>
      waitUntil(
        async () => {
          const message = await channel.get(queue, { noAck: true })
          return message && message.content.toString()
        },
        { what: `a message in ${queue}`, limitMs: 10_000 },
      ),
    )
  }

  it('keeps its port and persistent messages when it crashes', async () => {
    await publish('survives a crash')
    const pid = server.pid!
    await server.kill()
    assert.equal(server.pid, undefined)
    assert.ok(!isRunning(pid))
    await server.restart()
    for (const type of queueTypes) assert.equal(await take(type), 'survives a crash')
  })

  it('keeps its port and persistent messages when it is restarted while running', async () => {
    await publish('survives a restart')
    await server.restart()
    for (const type of queueTypes) assert.equal(await take(type), 'survives a restart')
  })

  it('runs rabbitmqctl against itself', async () => {
    assert.match(await server.ctl('list_users', '--silent'), /guest.*administrator/)
    await assert.rejects(server.ctl('delete_queue', 'unknown'), /unknown/)
  })

  it('leaves no process, no folder and no epmd when stopped', async () => {
    const processes = [server.pid!, ...(await descendants(server.pid!))]
    const port = epmdPort(server.pid!)
    assert.equal(epmds(port).length, 1)
    assert.ok(existsSync(server.folder))
    await server.stop()
    assert.deepEqual(processes.filter(isRunning), [])
    assert.deepEqual(epmds(port), [])
    assert.ok(!existsSync(server.folder))
    await server.stop()
  })
})
