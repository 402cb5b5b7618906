import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brokerTopologyText } from './broker-topology.ts'

const file = fileURLToPath(new URL('../../../charts/rabbitmq/files/topology.json', import.meta.url))

writeFileSync(file, await brokerTopologyText())
