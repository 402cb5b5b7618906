import { consumedBy } from '@order-saga/contracts'
import { Breaker, DependencyUnavailable, type Message, PoisonMessage, type Service } from '@order-saga/chassis'
import type { NotificationConfig } from './config.ts'
import { isMailCause } from './domain/mail.ts'
import { RecentlySent } from './domain/recently-sent.ts'
import { type MailSender, MailServerUnavailable } from './mail/mail-sender.ts'
import { createNotificationMetrics } from './notification-metrics.ts'
import { createNotificationReactions } from './reactions/index.ts'
import { createSendMail } from './reactions/send-mail.ts'

export interface Mailer {
  readonly sender: MailSender
  readonly senderDomain: string
}

export function wireNotification(service: Service, config: NotificationConfig, { sender, senderDomain }: Mailer): void {
  const { log, metrics, tracing } = service
  const recentlySent = new RecentlySent()
  const sendMail = createSendMail({
    sender,
    senderDomain,
    recentlySent,
    count: createNotificationMetrics(metrics),
    log: (line) => log.warn(line),
    tracing,
  })
  const mail = createNotificationReactions(sendMail)
  const breaker = new Breaker({
    name: 'mail server',
    threshold: 3,
    waitMs: 500,
    maxWaitMs: 15_000,
    onChange: service.breakers.onChange('mail server'),
  })
  service.consume({
    queue: config.notificationQueue,
    prefetch: config.prefetch,
    events: consumedBy('notification'),
    react: (message, signal) => breaker.run(() => react(message), signal),
  })
  service.onDrain(() => sender.close())

  async function react(message: Message): Promise<'processed' | 'duplicate'> {
    if (!isMailCause(message)) throw new PoisonMessage(`no mail is defined for ${message.name}`)
    try {
      return await mail(message)
    } catch (error) {
      if (error instanceof MailServerUnavailable) throw new DependencyUnavailable('mail server', error)
      throw error
    }
  }
}
