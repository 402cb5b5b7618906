import { consumedBy, type EventName, type ServiceName, services } from '@order-saga/contracts'
import type { TestBroker } from './broker.ts'
import { Capture } from './capture.ts'
import type { CapturedEvent, Delivery } from './captured-event.ts'
import type { System } from './system.ts'

export interface Route {
  readonly name: EventName
  readonly to: ServiceName
}

/** Every route of an event to a consumer. */
export const allRoutes: readonly Route[] = services.flatMap((to) =>
  consumedBy(to).map((event) => ({ name: event.name as EventName, to })),
)

/**
 * Lets a test control the delivery of events: on the taken routes, a consumer receives only the deliveries of the test.
 * Routes are taken and released while no service connects.
 */
export class Network {
  readonly #system: System
  readonly #capture: Capture
  readonly #routes: readonly Route[]
  readonly #sent = new Set<string>()

  private constructor(system: System, capture: Capture, routes: readonly Route[]) {
    this.#system = system
    this.#capture = capture
    this.#routes = routes
  }

  static async take(system: System, routes: readonly Route[] = allRoutes): Promise<Network> {
    const network = new Network(system, await Capture.start(system.broker), routes)
    await rewire(system.broker, routes, 'unbindQueue')
    return network
  }

  /** All events published since the start, on any route. */
  get events(): readonly CapturedEvent[] {
    return this.#capture.events
  }

  of(orderId: string, name?: EventName): CapturedEvent[] {
    return this.#capture.of(orderId, name)
  }

  /** The order's first event of this name, once it is published. */
  async next(orderId: string, name: EventName): Promise<CapturedEvent> {
    return await this.#system.until(`${name} of order ${orderId}`, () => this.of(orderId, name)[0])
  }

  /** Deliveries on the taken routes that are due and have never been made. */
  due(): Delivery[] {
    return this.events
      .flatMap((event) =>
        this.#routes.filter((route) => route.name === event.name).map(({ to }): Delivery => ({ event, to })),
      )
      .filter((delivery) => !this.#sent.has(keyOf(delivery)))
  }

  /** Publishes the event to the consumer's queue, without waiting for the result. */
  async send(event: CapturedEvent, to: ServiceName): Promise<void> {
    this.#sent.add(keyOf({ event, to }))
    const { content, options } = event
    await this.#system.broker.send(this.#system.broker.queueOf(to), {
      content,
      options: { ...options, type: event.name },
    })
  }

  /** Delivers the event and resolves when the consumer has settled all its copies. */
  async deliver(event: CapturedEvent, to: ServiceName, copies = 1): Promise<void> {
    const before = await this.#handled(event, to)
    for (let copy = 1; copy <= copies; copy += 1) await this.send(event, to)
    await this.#system.until(
      `${to} to handle ${event.name}`,
      async () => (await this.#handled(event, to)) >= before + copies,
    )
  }

  /** Delivers the order's next event of this name, once it is published. */
  async pass(orderId: string, name: EventName, to: ServiceName, copies = 1): Promise<CapturedEvent> {
    const event = await this.next(orderId, name)
    await this.deliver(event, to, copies)
    return event
  }

  /** Delivers all due events, also those that are published meanwhile, until the system is at rest. */
  async settle(): Promise<void> {
    await this.#system.settle(undefined, async () => {
      for (const { event, to } of this.due()) await this.deliver(event, to)
    })
  }

  /** Delivers all due events, and returns the routes to the broker. */
  async giveBack(): Promise<void> {
    await rewire(this.#system.broker, this.#routes, 'bindQueue')
    for (const { event, to } of this.due()) await this.send(event, to)
    await this.#capture.stop()
  }

  async #handled({ name }: CapturedEvent, to: ServiceName): Promise<number> {
    const queue = this.#system.broker.queueOf(to)
    return (await this.#system.metrics(to)).sum('event_consumed_total', { queue, event: name })
  }
}

function keyOf({ event, to }: Delivery): string {
  return `${event.eventId} ${to}`
}

async function rewire(broker: TestBroker, routes: readonly Route[], act: 'bindQueue' | 'unbindQueue'): Promise<void> {
  const channel = await broker.channel()
  for (const { name, to } of routes) await channel[act](broker.queueOf(to), broker.exchange, name)
}
