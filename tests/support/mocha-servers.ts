import { findRabbitMq } from '../../tools/dev/src/rabbitmq.ts'
import { stopTestServers } from '../../tools/dev/src/test-servers.ts'

const graceMs = 5000

// Installing a broker takes longer than a test may; it happens here, once for a machine.
export async function mochaGlobalSetup(): Promise<void> {
  await findRabbitMq({ log: (line) => process.stderr.write(`${line}\n`) })
}

// The run must end by itself: whatever still holds it open is something a test, or the tested code, forgot to close.
function failWhenStillOpen(): void {
  process.stderr.write(
    `Still open ${graceMs / 1000} s after the last test: ${process.getActiveResourcesInfo().join(', ')}. ` +
      'Close what the tests opened; running fewer files at a time shows which one leaves it.\n',
  )
  // Registered last, so that it has the last word on the exit code.
  process.once('exit', () => {
    process.exitCode = 1
  })
  process.exit()
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stopTestServers()
  setTimeout(failWhenStillOpen, graceMs).unref()
}
