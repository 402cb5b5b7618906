import { start } from '@order-saga/chassis'
import { importDefinitions, loadBrokerDefinitionsConfig } from './broker-definitions.ts'

await start(async () => {
  await importDefinitions(loadBrokerDefinitionsConfig(process.env))
  process.stdout.write('[definitions] done\n')
})
