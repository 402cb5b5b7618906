import { serviceQueues } from '@order-saga/contracts'
import { Service, start } from '@order-saga/chassis'
import { loadOrderConfig } from './config.ts'
import { wireOrder } from './wiring.ts'

await start(async () => {
  const config = loadOrderConfig(process.env)
  const service = await Service.create({ name: 'order', config, queues: serviceQueues(config) })
  wireOrder(service, config)
  await service.run()
})
