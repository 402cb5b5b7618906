import type { Options } from 'amqplib'
import { messageOf } from '../core/errors.ts'

/** The smallest frame that RabbitMQ 4 accepts (`frame_max`); the headers of our messages fit into it. */
const smallestFrame = 8_192

/** The query parameters of a broker's URL and their ranges; 0 stands for no limit, and turns off the heartbeat. */
const parameters: Readonly<Record<string, { readonly min: number; readonly max: number }>> = {
  heartbeat: { min: 1, max: 3_600 },
  // A process opens a handful of channels.
  channelMax: { min: 16, max: 65_535 },
  frameMax: { min: smallestFrame, max: 2 ** 31 - 1 },
}

/** The vhost is a short string (AMQP 0-9-1, section 4.2.5.3). */
const vhostLimitBytes = 255

/**
 * Reads `amqp[s]://user:password@host:port/vhost?heartbeat=…`, with percent-encoded UTF-8 in user, password and vhost. As
 * in amqplib, an empty vhost is `/`, and a URL without a user has `guest` with the password `guest`.
 * @throws Error with the invalid part, as the end of a sentence that begins with the name of the setting
 */
export function brokerAddressOf(text: string): Options.Connect {
  if (!URL.canParse(text)) throw new Error('must be a URL with a port from 1 to 65535')
  const url = new URL(text)
  const protocol = url.protocol.slice(0, -1)
  if (protocol !== 'amqp' && protocol !== 'amqps') throw new Error('must start with amqp:// or amqps://')
  if (!/^(\[[\da-f:.]+\]|[\w.-]+)$/i.test(url.hostname)) throw new Error('must have a valid host')
  if (url.port === '0') throw new Error('must have a port from 1 to 65535')
  if (url.hash !== '') throw new Error('must not have a fragment: a # in a password is written %23')
  const hasUser = url.username !== '' || url.password !== ''
  const vhost = decoded(url.pathname.slice(1), 'vhost') || '/'
  if (Buffer.byteLength(vhost) > vhostLimitBytes)
    throw new Error(`must have a vhost of at most ${vhostLimitBytes} bytes`)
  return {
    protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    username: hasUser ? decoded(url.username, 'user') : 'guest',
    password: hasUser ? decoded(url.password, 'password') : 'guest',
    // amqplib decodes it, as UTF-8.
    vhost: encodeURIComponent(vhost),
    ...parametersOf(url.searchParams),
  }
}

/** SASL PLAIN separates user and password by NUL (RFC 4616). */
function decoded(text: string, part: string): string {
  try {
    const value = decodeURIComponent(text)
    if (!value.includes('\0')) return value
  } catch {
    // Not percent-encoded UTF-8.
  }
  throw new Error(`must have a ${part} in percent-encoded UTF-8 without NUL`)
}

/** The same as a check of the setting. */
export function brokerUrlProblem(text: string): string | undefined {
  try {
    brokerAddressOf(text)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function parametersOf(query: URLSearchParams): Record<string, number> {
  const values: Record<string, number> = {}
  for (const [name, value] of query) {
    const range = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    if (range === undefined) throw new Error(`must have no query parameters but ${known}`)
    if (Object.hasOwn(values, name)) throw new Error(`must have the query parameter ${name} once`)
    const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
    if (number !== 0 && !(number >= range.min && number <= range.max)) {
      throw new Error(`must have a ${name} that is 0 or an integer from ${range.min} to ${range.max}`)
    }
    values[name] = number
  }
  return values
}

const known = Object.keys(parameters).join(', ')
