import { Service, start } from '@order-saga/chassis'
import { wireConsole } from './console/wire-console.ts'
import { loadConsoleConfig } from './console-config.ts'

await start(async () => {
  const config = loadConsoleConfig(process.env)
  // It publishes no events, so that it needs no queue to be there, and declares none.
  const service = await Service.create({ name: 'console', config: { ...config, topology: 'assume' }, queues: [] })
  wireConsole(service, config)
  await service.run()
})
