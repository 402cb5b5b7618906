import { System, type SystemOptions } from './system.ts'

const linesShown = 15

/**
 * Gives the tests of a suite one system: started before the first, stopped after the last. After each test it must come
 * to rest, and after the last one every invariant must hold; the log of a test that failed ends with the state of the
 * system and the newest lines of each service.
 */
export function useSystem(options: () => SystemOptions | Promise<SystemOptions> = () => ({})): () => System {
  let system: System | undefined
  let failed = false

  before(async function startSystem() {
    this.timeout(180_000)
    system = await System.start(await options())
  })

  afterEach(async function settleSystem() {
    this.timeout(180_000)
    if (system === undefined) return
    if (this.currentTest?.state !== 'failed') return await system.settle()
    failed = true
    process.stderr.write(`After ${this.currentTest.fullTitle()}:\n${await system.state()}\n${logsOf(system)}\n`)
  })

  after(async function checkInvariantsAndStop() {
    this.timeout(180_000)
    try {
      // The state after a failed test may be inconsistent and is not checked.
      if (!failed) await system?.assertClean()
    } finally {
      await system?.stop()
    }
  })

  return () => {
    if (system === undefined) throw new Error('the system is not started yet')
    return system
  }
}

function logsOf(system: System): string {
  return [...Object.values(system.services), ...(system.options.console === undefined ? [] : [system.console])]
    .map(({ service, log }) => {
      return [`--- ${service}`, ...log.slice(-linesShown)].join('\n')
    })
    .join('\n')
}
