import { serviceQueues } from '@order-saga/contracts'
import { Service, start } from '@order-saga/chassis'
import { loadPaymentConfig } from './config.ts'
import { createGateway } from './gateway/create-gateway.ts'
import { wirePayment } from './wiring.ts'

await start(async () => {
  const config = loadPaymentConfig(process.env)
  const service = await Service.create({ name: 'payment', config, queues: serviceQueues(config) })
  wirePayment(service, config, createGateway(config, service.now))
  await service.run()
})
