import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout, issuerProgram, program as compiledProgram } from './checkout.ts'
import { fetchToken } from './local-issuer.ts'
import { programEnvironment } from './environment.ts'
import { RunFolder } from './run-folder.ts'
import { failureText, runProgram } from './run-program.ts'
import type { ProcessState } from './run-state.ts'
import { createDatabases, findServers } from './servers.ts'
import { ServiceLog } from './service-log.ts'
import {
  brokerAddresses,
  choosePorts,
  databaseAddresses,
  databases,
  localUrl,
  managementAddress,
  migrationEnvironment,
  operatorSettings,
  processEnvironment,
  processesOf,
  readerAddresses,
  usesLocalIssuer,
} from './service-plan.ts'
import type { Ports, ProcessName, ServerAddresses, StoringService, UsualPorts } from './service-plan.ts'
import { ServiceProcess } from './service-process.ts'
import { Supervisor } from './supervisor.ts'

const drainMs = 8000

export interface SystemOptions {
  env: NodeJS.ProcessEnv
  /** Folder of the run; it must not exist, and is removed when the system stops. */
  folder: string
  usualPorts: UsualPorts
  /** For the terminal, a line at a time. */
  log: (line: string) => void
  /** Called whenever a process started or ended. */
  onChange?: (processes: ProcessState[]) => void | Promise<void>
  /** The compiled program of a service; that of this checkout unless given. */
  program?: (service: string, name: string) => string
}

/** The four services and the console with their databases and broker, running on this machine. */
export class System {
  readonly #options: Required<SystemOptions>
  readonly #supervisor: Supervisor
  readonly #services: ServiceProcess[] = []
  #folder: RunFolder | undefined
  #auditAddresses: Record<string, string> = {}

  private constructor(options: SystemOptions) {
    this.#options = { onChange: () => undefined, program: compiledProgram, ...options }
    const { log, onChange } = this.#options
    this.#supervisor = new Supervisor({ log, onChange: () => onChange(this.processes) })
  }

  /** Not started yet: `start` does, and `stop` reverts it. */
  static prepare(options: SystemOptions): System {
    return new System(options)
  }

  get processes(): ProcessState[] {
    return this.#supervisor.members.map((member) => ({
      name: member.name,
      pid: member.pid,
      opsUrl: member instanceof ServiceProcess ? member.opsUrl : undefined,
    }))
  }

  /** The databases for a program that only reads; empty before the start. */
  get auditAddresses(): Record<string, string> {
    return this.#auditAddresses
  }

  /**
   * Resolves with the addresses of everything once all services are ready. When it rejects, with one sentence that says
   * why, or because the signal aborts, `stop` is still to be called.
   */
  async start(signal: AbortSignal): Promise<Record<string, string>> {
    const { env, folder, log, usualPorts } = this.#options
    this.#folder = await RunFolder.at(folder)
    await mkdir(join(folder, 'log'))
    const ports = await choosePorts(env, usualPorts)
    const { addresses: found, started } = await findServers({ env, signal, log })
    if (started.length > 0) await this.#supervisor.add(...started)
    const database = await createDatabases(found.database, Object.values(databases), log)
    const addresses = { ...found, database }
    this.#auditAddresses = readerAddresses(database)
    const storing: StoringService[] = ['order', 'payment', 'inventory']
    await allOrFirstFailure(storing.map((name) => this.#migrate(name, addresses, signal)))
    const issuer = usesLocalIssuer(env)
    if (issuer) this.#services.push(await this.#startIssuer(ports))
    for (const name of processesOf(env)) this.#services.push(await this.#startService(name, ports, addresses))
    const ready = this.#services.map(async (service) => {
      await service.ready(60_000, signal)
      log(`${service.name.padEnd(12)} ready, pid ${service.pid}`)
    })
    await allOrFirstFailure(ready)
    await this.#supervisor.add(...this.#services)
    const tokens = issuer ? await issuerAddresses(localUrl(ports.issuer)) : {}
    return { ...addressesOf(env, ports, addresses), ...operatorSettings(env), ...tokens }
  }

  /** Stops services, then servers, and removes the folder. */
  async stop(): Promise<void> {
    // Services that started while others did not are in nobody's charge yet.
    const unwatched = this.#services.filter((service) => !this.#supervisor.members.includes(service))
    await Promise.all(unwatched.map((service) => service.stop()))
    await this.#supervisor.stop()
    await this.#folder?.remove()
  }

  /** Cuts short the time the services have to drain during `stop`. */
  hurry(): void {
    for (const service of this.#services) service.kill()
  }

  async #migrate(name: StoringService, servers: ServerAddresses, signal: AbortSignal): Promise<void> {
    const env = migrationEnvironment(name, servers.database, this.#options.folder)
    const script = this.#options.program(name, 'migrate-main')
    const result = await runProgram(process.execPath, [script], { cwd: checkout, env, signal, folder: this.#folder })
    if (result.end !== 'exit code 0')
      throw new Error(`${databases[name]} could not be migrated: ${failureText(result)}`)
    this.#options.log(`${databases[name].padEnd(12)} ${result.output.trim().split('\n').at(-1)}`)
  }

  async #startIssuer({ issuer: port }: Ports): Promise<ServiceProcess> {
    const { folder, log } = this.#options
    return ServiceProcess.start({
      name: 'issuer',
      script: issuerProgram,
      env: { ...programEnvironment(folder), PORT: String(port) },
      opsUrl: localUrl(port),
      folder: this.#folder!,
      log: new ServiceLog('issuer', join(this.#folder!.path, 'log', 'issuer.log'), false, log),
      stopLimitMs: drainMs,
    })
  }

  async #startService(name: ProcessName, ports: Ports, servers: ServerAddresses): Promise<ServiceProcess> {
    const { env, folder, log, program } = this.#options
    const stopLimitMs = Number(env['SHUTDOWN_TIMEOUT_MS'] || drainMs)
    const everything = env['LOG_LEVEL'] !== undefined && env['LOG_LEVEL'] !== ''
    return ServiceProcess.start({
      name,
      script: name === 'console' ? program('operations', 'console-main') : program(name, 'main'),
      env: { SHUTDOWN_TIMEOUT_MS: String(stopLimitMs), ...processEnvironment(name, env, ports, servers, folder) },
      opsUrl: localUrl(ports.ops[name], env['OPS_HOST']),
      folder: this.#folder!,
      log: new ServiceLog(name, join(this.#folder!.path, 'log', `${name}.log`), everything, log),
      stopLimitMs: stopLimitMs + 2000,
    })
  }
}

// Unlike Promise.all it waits for all of them: nothing is still at work when the failure is dealt with.
async function allOrFirstFailure(work: Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

/** Where to get tokens, and one of a service for the drill. Longer than a run lasts: the issuer's key is lost with the run. */
async function issuerAddresses(issuer: string): Promise<Record<string, string>> {
  const tokenUrl = `${issuer}/token`
  const scope = 'orders:create orders:read stock:write'
  const token = await fetchToken(tokenUrl, { subject: 'drill', scope, lifetimeSeconds: 30 * 86_400 })
  return { TOKEN_URL: tokenUrl, API_TOKEN: token }
}

function addressesOf(env: NodeJS.ProcessEnv, ports: Ports, servers: ServerAddresses): Record<string, string> {
  const { HTTP_HOST: httpHost, OPS_HOST: opsHost } = env
  const processes = processesOf(env)
  const addresses: Record<string, string> = {
    ORDER_URL: localUrl(ports.order, httpHost),
    INVENTORY_URL: localUrl(ports.inventory, httpHost),
    ...(processes.includes('console') && { CONSOLE_URL: localUrl(ports.console, httpHost) }),
  }
  for (const name of processes) addresses[`${name.toUpperCase()}_OPS_URL`] = localUrl(ports.ops[name], opsHost)
  return {
    ...addresses,
    ...databaseAddresses(servers.database),
    ...brokerAddresses(servers),
    ...managementAddress(servers),
  }
}
