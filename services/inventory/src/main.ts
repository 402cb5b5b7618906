import { serviceQueues } from '@order-saga/contracts'
import { loadConfig, Service, start } from '@order-saga/chassis'
import { type InventoryConfig, inventorySettings } from './config.ts'
import { wireInventory } from './wiring.ts'

await start(async () => {
  const config = loadConfig<InventoryConfig>(inventorySettings, process.env)
  const service = await Service.create({ name: 'inventory', config, queues: serviceQueues(config) })
  wireInventory(service, config)
  await service.run()
})
