import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  findRabbitMq,
  type PostgresServer,
  type RabbitMqServer,
  startPostgres,
  type TestServers,
} from '@order-saga/dev'
import { createDatabase } from '../../../tools/dev/src/create-database.ts'
import type { Need } from './test-files.ts'

/** Mocha sets it in the processes that run files side by side, counted from 0. */
export const workerId = process.env['MOCHA_WORKER_ID']
// Children of a worker are none.
delete process.env['MOCHA_WORKER_ID']

/** Carries the port on which a run's main process hands out its servers, to its workers. */
const portVariable = 'ORDER_SAGA_TEST_SERVERS'

/** Far more than a laptop's suites use at once: each system keeps some forty connections open. */
const maxConnections = 600

interface SharedBroker {
  readonly server: RabbitMqServer
  /** Creates the virtual hosts up to this number. */
  readonly addHost: (host: number) => Promise<void>
}

interface Answer {
  readonly error?: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly url: string
  readonly folder: string
}

/**
 * Gives the workers of this run one PostgreSQL and one RabbitMQ, each started when the first of them requests it. Their
 * data is discarded after the run, so PostgreSQL runs without fsync.
 * @returns stops both
 */
export async function shareServers(workers: number, log: (line: string) => void): Promise<() => Promise<void>> {
  let postgres: Promise<PostgresServer> | undefined
  let rabbitMq: Promise<SharedBroker> | undefined
  const start = async (name: string): Promise<Partial<Answer>> => {
    if (name === 'postgres') {
      const server = await (postgres ??= startPostgres({ durable: false, maxConnections }))
      const { port, user, password, folder } = server
      return { port, user, password, folder, url: server.url() }
    }
    const { server: broker, addHost } = await (rabbitMq ??= startBroker(workers, log))
    const host = Number(name.slice('rabbitMq '.length))
    await addHost(host)
    return { port: broker.port, url: `${broker.url}/${host}`, folder: broker.folder }
  }
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (name) => {
      void start(name.toString())
        .catch((error: unknown) => ({ error: String(error) }))
        .then((answer) => socket.end(JSON.stringify(answer)))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.env[portVariable] = String((server.address() as AddressInfo).port)
  return async () => {
    server.close()
    const broker = rabbitMq?.then((shared) => shared.server)
    await Promise.all([postgres, broker].map(async (one) => (await one?.catch(() => undefined))?.stop()))
  }
}

/** A worker runs one suite after the other: each finds the virtual host of its worker to itself. */
async function startBroker(workers: number, log: (line: string) => void): Promise<SharedBroker> {
  const server = await findRabbitMq({ log }).then((found) => found())
  // One call for all: each starts an Erlang machine. A worker that exited is replaced by one with the next number.
  let hosts = 0
  let added = Promise.resolve()
  const add = async (host: number): Promise<void> => {
    if (host < hosts) return
    await server.ctl(
      'eval',
      `lists:foreach(fun(N) ->
        Name = integer_to_binary(N), All = <<".*">>,
        ok = rabbit_vhost:add(Name, <<"tests">>),
        rabbit_auth_backend_internal:set_permissions(<<"guest">>, Name, All, All, All, <<"tests">>)
      end, lists:seq(${hosts}, ${host})).`,
    )
    hosts = host + 1
  }
  const addHost = (host: number): Promise<void> => (added = added.catch(() => undefined).then(() => add(host)))
  await addHost(workers - 1)
  return { server, addHost }
}

/** The servers that the main process of the run shares with its workers, for a file with these needs. */
export function sharedServers(needs: readonly Need[]): TestServers {
  const refusing = (need: Need) => () => Promise.reject(new Error(`Declare it in the first line: // needs: ${need}`))
  const all = needs.includes('system')
  return {
    postgres: all || needs.includes('database') ? sharedPostgres : refusing('database'),
    rabbitMq: all || needs.includes('broker') ? sharedRabbitMq : refusing('broker'),
  }
}

async function sharedPostgres(): Promise<PostgresServer> {
  const { port, user, password, url, folder } = await request('postgres')
  const urlOf = (database = 'postgres'): string => url.replace(/[^/]+$/, encodeURIComponent(database))
  return {
    ...onlyForOwners,
    port,
    user,
    password,
    folder,
    url: urlOf,
    async createDatabase(name) {
      await createDatabase(url, name)
      return urlOf(name)
    },
  }
}

async function sharedRabbitMq(): Promise<RabbitMqServer> {
  const { port, url, folder } = await request(`rabbitMq ${workerId}`)
  return { ...onlyForOwners, port, url, folder, ctl: refuse }
}

async function request(name: 'postgres' | `rabbitMq ${string}`): Promise<Answer> {
  const socket = connect(Number(process.env[portVariable]), '127.0.0.1')
  socket.write(name)
  const answer = JSON.parse(await text(socket)) as Answer
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer
}

const refuse = async (): Promise<never> => {
  throw new Error('Other suites use this server, too: declare "// needs: own-servers" in the first line of the file.')
}

const onlyForOwners = {
  pid: undefined,
  exited: new Promise<string>(() => undefined),
  kill: refuse,
  pause: refuse,
  resume: refuse,
  restart: refuse,
  stop: refuse,
}
