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
    doc: 'The mail server; without it one line is logged per mail.',
  }),
  mailFrom: text({
    env: 'MAIL_FROM',
    default: 'Orders <orders@example.com>',
    doc: 'Sender of the mails; its domain also ends their Message-IDs.',
  }),
  smtpConnections: integer({
    env: 'SMTP_CONNECTIONS',
    default: 5,
    min: 1,
    max: 100,
    unit: 'connections',
    doc: 'Connections to the mail server kept open by one process at most.',
  }),
}

/** @throws ConfigurationError also for a sender that is no mail address */
export function loadNotificationConfig(environment: NodeJS.ProcessEnv): NotificationConfig {
  const config = loadConfig<NotificationConfig>(notificationSettings, environment)
  try {
    parseSenderAddress(config.mailFrom)
  } catch (error) {
    throw new ConfigurationError(`MAIL_FROM is not usable: ${messageOf(error)}.`)
  }
  return config
}
