import {
  type CommonConfig,
  commonSettings,
  ConfigurationError,
  integer,
  loadConfig,
  messageOf,
  type Setting,
  text,
  url,
} from '@order-saga/chassis'
import { parseSenderAddress } from './domain/sender-address.ts'

export interface NotificationConfig extends CommonConfig {
  smtpUrl: string
  mailFrom: string
  smtpConnections: number
}

export const notificationSettings: { [K in keyof NotificationConfig]: Setting<NotificationConfig[K]> } = {
  ...commonSettings,
  smtpUrl: url({
    env: 'SMTP_URL',
    default: '',
    schemes: ['smtp', 'smtps'],
    doc: 'The mail server; without it, mails are logged and not sent.',
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

/** @throws ConfigurationError also for a sender that is not a mail address */
export function loadNotificationConfig(environment: NodeJS.ProcessEnv): NotificationConfig {
  const config = loadConfig<NotificationConfig>(notificationSettings, environment)
  try {
    parseSenderAddress(config.mailFrom)
  } catch (error) {
    throw new ConfigurationError(`MAIL_FROM is invalid: ${messageOf(error)}.`)
  }
  return config
}
