import { messageOf } from '@order-saga/chassis'
import { stopTestServers } from '../../local/src/test-servers.ts'
import { chaos } from './chaos.ts'
import { chaosOptions } from './options.ts'

/** 0: every promise was kept; 1: one was broken; 2: the round could not be played. */
try {
  const clean = await chaos(chaosOptions(process.env), (line) => void process.stdout.write(`${line}\n`))
  process.exitCode = clean ? 0 : 1
} catch (error) {
  process.stderr.write(`The round could not be played: ${messageOf(error)}\n`)
  process.exitCode = 2
} finally {
  await stopTestServers()
}
