import { Service, start } from '@order-saga/chassis'
import { wireConsole } from './console/wire-console.ts'
import { loadConsoleConfig } from './console-config.ts'

await start(async () => {
  const config = loadConsoleConfig(process.env)
  // The console publishes no events, so it requires no queues and declares none.
  const service = await Service.create({ name: 'console', config: { ...config, topology: 'assume' }, queues: [] })
  wireConsole(service, config)
  await service.run()
})
