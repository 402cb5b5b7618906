import { serviceQueues } from '@order-saga/contracts'
import { loadConfig, Service, start } from '@order-saga/chassis'
import { type OrderConfig, orderSettings } from './config.ts'
import { wireOrder } from './wiring.ts'

await start(async () => {
  const config = loadConfig<OrderConfig>(orderSettings, process.env)
  const service = await Service.create({ name: 'order', config, queues: serviceQueues(config) })
  wireOrder(service, config)
  await service.run()
})
