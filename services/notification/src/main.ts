import { serviceQueues } from '@order-saga/contracts'
import { Service, start } from '@order-saga/chassis'
import { loadNotificationConfig } from './config.ts'
import { parseSenderAddress } from './domain/sender-address.ts'
import { createLogMailSender } from './mail/log-mail-sender.ts'
import { createSmtpMailSender } from './mail/smtp-mail-sender.ts'
import { wireNotification } from './wiring.ts'

await start(async () => {
  const config = loadNotificationConfig(process.env)
  const service = await Service.create({ name: 'notification', config, queues: serviceQueues(config) })
  const { log } = service
  const from = parseSenderAddress(config.mailFrom)
  const sender =
    config.smtpUrl === ''
      ? createLogMailSender({ log: (line) => log.info(line) })
      : createSmtpMailSender({ url: config.smtpUrl, from, maxConnections: config.smtpConnections })
  wireNotification(service, config, { sender, senderDomain: from.domain })
  await service.run()
})
