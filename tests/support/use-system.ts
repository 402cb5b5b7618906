import { System, type SystemOptions } from './system.ts'

const linesShown = 10

/**
 * Gives the tests of a suite one system: started before the first, stopped after the last. After each test it must have
 * come to rest with every invariant kept; of a test that failed, the end of each service's log is printed.
 */
export function useSystem(options: () => SystemOptions | Promise<SystemOptions> = () => ({})): () => System {
  let system: System | undefined

  before(async function startSystem() {
    this.timeout(180_000)
    system = await System.start(await options())
  })

  afterEach(async function checkInvariants() {
    this.timeout(180_000)
    if (system === undefined) return
    if (this.currentTest?.state === 'failed') {
      process.stderr.write(`${await system.state()}\n${logsOf(system)}\n`)
      return
    }
    await system.settle()
    await system.assertClean()
  })

  after(async function stopSystem() {
    this.timeout(180_000)
    await system?.stop()
  })

  return () => {
    if (system === undefined) throw new Error('the system is not started yet')
    return system
  }
}

/** Each service's newest lines that report trouble, as its log marks them. */
function logsOf(system: System): string {
  return [...Object.values(system.services), ...(system.options.console === undefined ? [] : [system.console])]
    .map(({ service, log }) => {
      const lines = log.filter((line) => !line.startsWith('{"level":30'))
      return [`--- ${service}`, ...lines.slice(-linesShown)].join('\n')
    })
    .join('\n')
}
