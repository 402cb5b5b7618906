import { consumedBy, serviceQueues } from '@order-saga/contracts'
import { Breaker, DependencyUnavailable, type Message, PoisonMessage, Service, start } from '@order-saga/chassis'
import { loadNotificationConfig } from './config.ts'
import { isMailCause } from './domain/mail.ts'
import { RecentlySent } from './domain/recently-sent.ts'
import { parseSenderAddress } from './domain/sender-address.ts'
import { logMailSender } from './mail/log-mail-sender.ts'
import { MailServerUnavailable } from './mail/mail-sender.ts'
import { smtpMailSender } from './mail/smtp-mail-sender.ts'
import { createNotificationMetrics } from './notification-metrics.ts'
import { trailOf } from './domain/trail.ts'
import { notificationReactions } from './reactions/index.ts'
import { mailing } from './reactions/send-mail.ts'

await start(async () => {
  const config = loadNotificationConfig(process.env)
  const service = await Service.create({ name: 'notification', config, queues: serviceQueues(config) })
  const { log, metrics, tracing } = service
  const from = parseSenderAddress(config.mailFrom)
  const sender =
    config.smtpUrl === ''
      ? logMailSender({ log: (line) => log.info(line) })
      : smtpMailSender({ url: config.smtpUrl, from, maxConnections: config.smtpConnections })
  const recentlySent = new RecentlySent()
  const sendMail = mailing({
    sender,
    senderDomain: from.domain,
    recentlySent,
    count: createNotificationMetrics(metrics),
    log: (line) => log.warn(line),
    tracing,
  })
  const mail = notificationReactions(sendMail)
  const breaker = new Breaker({
    name: 'mail server',
    threshold: 3,
    waitMs: 500,
    maxWaitMs: 15_000,
    onChange: (state, reason) => log.warn({ dependency: 'mail server', state, reason }, 'breaker changed'),
  })
  service.consume({
    queue: config.notificationQueue,
    prefetch: config.prefetch,
    events: consumedBy('notification'),
    react: (message, signal) => breaker.run(() => react(message), signal),
  })
  service.tellTrails(({ events }) => Promise.resolve(trailOf(recentlySent, events)))
  service.onDrain(() => sender.close())
  await service.run()

  async function react(message: Message): Promise<'processed' | 'duplicate'> {
    if (!isMailCause(message)) throw new PoisonMessage(`no mail goes out on ${message.name}`)
    try {
      return await mail(message)
    } catch (error) {
      if (error instanceof MailServerUnavailable) throw new DependencyUnavailable('mail server', error)
      throw error
    }
  }
})
