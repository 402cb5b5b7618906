import { catalogue, consumedBy, type EventType, secondaryQueuesOf, services } from '@order-saga/contracts'
import { format } from 'prettier'

/** The text of charts/rabbitmq/files/topology.json: each service's events and secondary queues, from the event catalogue. */
export async function brokerTopologyText(): Promise<string> {
  const of = services.map((service) => {
    const published = catalogue.filter((event: EventType) => event.publishedBy === service)
    const consumes = consumedBy(service).map(({ name }) => name)
    return [
      service,
      { consumes, publishes: published.map(({ name }) => name), secondaryQueues: secondaryQueuesOf[service] },
    ]
  })
  return await format(JSON.stringify({ services: Object.fromEntries(of) }, null, 2), {
    parser: 'json',
    printWidth: 120,
  })
}
