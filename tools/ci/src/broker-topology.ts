import { consumedBy, publishedBy, secondaryQueuesOf, services } from '@order-saga/contracts'
import { format } from 'prettier'

/** The text of charts/rabbitmq/files/topology.json: each service's events and secondary queues, from the event catalogue. */
export async function brokerTopologyText(): Promise<string> {
  const of = services.map((service) => {
    const [consumes, publishes] = [consumedBy(service), publishedBy(service)].map((events) =>
      events.map(({ name }) => name),
    )
    return [service, { consumes, publishes, secondaryQueues: secondaryQueuesOf[service] }]
  })
  return await format(JSON.stringify({ services: Object.fromEntries(of) }, null, 2), {
    parser: 'json',
    printWidth: 120,
  })
}
