import {
  commonSettings,
  type ConfigOf,
  ConfigurationError,
  integer,
  loadConfig,
  messageOf,
  text,
  url,
} from '@order-saga/chassis'
import { parseSenderAddress } from './domain/sender-address.ts'
import { smtpQueryProblem } from './mail/smtp-url.ts'

export const notificationSettings = {
  ...commonSettings,
  smtpUrl: url({
    env: 'SMTP_URL',
    default: '',
    schemes: ['smtp', 'smtps'],
    doc: 'The mail server; without it, mails are logged and not sent.',
    check: smtpQueryProblem,
  }),
  mailFrom: text({
    env: 'MAIL_FROM',
    default: 'Orders <orders@example.com>',
    doc: 'Sender of the mails; its domain is also the domain of their Message-IDs.',
  }),
  smtpConnections: integer({
    env: 'SMTP_CONNECTIONS',
    default: 5,
    min: 1,
    max: 100,
    unit: 'connections',
    doc: 'Maximum number of open connections to the mail server per process.',
  }),
}

export type NotificationConfig = ConfigOf<typeof notificationSettings>

/** @throws ConfigurationError also for a sender that is not a mail address */
export function loadNotificationConfig(environment: NodeJS.ProcessEnv): NotificationConfig {
  const config = loadConfig(notificationSettings, environment)
  try {
    parseSenderAddress(config.mailFrom)
  } catch (error) {
    throw new ConfigurationError(`MAIL_FROM is invalid: ${messageOf(error)}.`)
  }
  return config
}
