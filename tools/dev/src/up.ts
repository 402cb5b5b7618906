import { join, relative } from 'node:path'
import { reasonOf } from './error-code.ts'
import { removeLeftovers, RunStateFile } from './run-state.ts'
import { consolePage, withConsole } from './service-plan.ts'
import { StopRequest } from './stop-request.ts'
import { System } from './system.ts'

export interface UpOptions {
  env: NodeJS.ProcessEnv
  /** Where the run keeps its state file and its folder. */
  localFolder: string
  /** The compiled program of a service; that of this checkout unless given. */
  program?: (service: string, name: string) => string
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function welcome(addresses: Record<string, string>, env: NodeJS.ProcessEnv, logs: string): string {
  const orders = addresses['ORDER_URL']
  const page = consolePage(addresses, env)
  const token = addresses['TOKEN_URL'] === undefined ? '' : ' -H "Authorization: Bearer $(make -s token)"'
  return `
Everything runs.
  orders  ${orders}      POST /orders, GET /orders/{orderId}, GET /sagas/{sagaId}
  stock   ${addresses['INVENTORY_URL']}      PUT /stock/{sku}, GET /stock/{sku}${page === undefined ? '' : `\n  console ${page}`}

Place an order:
  curl -X POST ${orders}/orders${token} -H "Content-Type: application/json" \\
    -d '{"customerId":"cust-1001","customerEmail":"user@example.com","items":[{"sku":"SKU-1","qty":2}],"amount":125.50,"currency":"USD"}'
and follow it with the sagaId of the answer:
  curl${token} ${orders}/sagas/{sagaId}

All addresses: make env. Processes: make status. Logs: ${logs} (with LOG_LEVEL=info also here).
Ctrl-C stops everything.
`
}

/** Runs the system until this process is asked to stop. Resolves with the process's exit code: 0 after a request. */
export async function up({ env: given, localFolder, program }: UpOptions): Promise<number> {
  const env = withConsole(given)
  let state: RunStateFile
  try {
    state = await RunStateFile.claim(localFolder)
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n`)
    return 1
  }
  await removeLeftovers(localFolder)
  const request = new StopRequest(() => system.hurry())
  // Of its own name: the guard of a run that was killed may still be about to remove that one's folder.
  const folder = join(localFolder, `up-${process.pid}`)
  const system = System.prepare({
    env,
    folder,
    usualPorts: { order: 3000, inventory: 3001, console: 3002 },
    log: say,
    onChange: (processes) => state.update({ processes }).catch((error: unknown) => say(reasonOf(error))),
    ...(program && { program }),
  })
  let failure: string | undefined
  try {
    const addresses = await system.start(request.signal)
    await state.update({ addresses })
    say(welcome(addresses, env, relative(process.cwd(), join(folder, 'log'))))
    await request.asking
  } catch (error) {
    if (!request.signal.aborted) failure = reasonOf(error)
  }
  say('Stopping')
  await system.stop()
  await state.release()
  say('Stopped')
  if (failure === undefined) return 0
  // Last, where users expect it.
  process.stderr.write(`${failure}\n`)
  return 1
}
