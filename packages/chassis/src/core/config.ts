import convict from 'convict'

/** One setting: a convict schema object, also the source of docs/configuration.md. */
export interface Setting<T> extends convict.SchemaObj<T> {
  readonly env: string
  readonly default: T
  readonly doc: string
  readonly format: string
  /**
   * Why the value is impossible, alone or with the other values, as the end of a sentence that begins with the variable;
   * undefined if it is possible. It must not contain a secret.
   */
  check?(value: T, all: Readonly<Record<string, unknown>>): string | undefined
}

/** The values that `loadConfig` reads for these settings. */
export type ConfigOf<S> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never }

interface SettingDescription {
  readonly env: string
  readonly doc: string
}

/** An invalid environment variable; the message is one sentence that names it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

const registeredFormats = new Set<string>()

/** Registers a convict format that rejects input it cannot parse completely; convict's own `int` reads 12abc as 12. */
function format(name: string, reader: (input: string) => unknown): string {
  if (!registeredFormats.has(name)) {
    registeredFormats.add(name)
    convict.addFormat({
      name,
      coerce: (value: unknown) => (typeof value === 'string' ? (reader(value.trim()) ?? value) : value),
      validate: (value: unknown) => {
        if (reader(Array.isArray(value) ? value.join(',') : String(value).trim()) === undefined) {
          throw new Error(`must be ${name}, but is ${JSON.stringify(value)}`)
        }
      },
    })
  }
  return name
}

function numberWithin(input: string, pattern: RegExp, min: number, max: number): number | undefined {
  const value = pattern.test(input) ? Number(input) : Number.NaN
  return value >= min && value <= max ? value : undefined
}

/** An integer from `min` to `max`, both inclusive; the error message names `unit`. */
export function integer(
  setting: SettingDescription & { default: number; min: number; max: number; unit?: string },
): Setting<number> {
  const { min, max, unit, ...rest } = setting
  const name = `an integer from ${min} to ${max}${unit === undefined ? '' : ` (${unit})`}`
  return { ...rest, format: format(name, (input) => numberWithin(input, /^-?\d{1,15}$/, min, max)) }
}

/** A duration in milliseconds. */
export function milliseconds(
  setting: SettingDescription & { default: number; min?: number; max?: number },
): Setting<number> {
  return integer({ min: 1, max: 31 * 24 * 3_600_000, ...setting, unit: 'milliseconds' })
}

/** A ratio from 0 to 1. */
export function rate(setting: SettingDescription & { default: number }): Setting<number> {
  return {
    ...setting,
    format: format('a number from 0 to 1', (input) => numberWithin(input, /^\d+(\.\d+)?$/, 0, 1)),
  }
}

/** A TCP port to listen on; with 0 the operating system chooses a free one. */
export function port(setting: SettingDescription & { default: number }): Setting<number> {
  return portFrom(0, setting)
}

/** The TCP port of a server to connect to. */
export function serverPort(setting: SettingDescription & { default: number }): Setting<number> {
  return portFrom(1, setting)
}

function portFrom(min: 0 | 1, setting: SettingDescription & { default: number }): Setting<number> {
  const name = `a port from ${min} to 65535`
  return { ...setting, format: format(name, (input) => numberWithin(input, /^\d{1,5}$/, min, 65_535)) }
}

/** A comma-separated list of increasing delays. */
export function delays(setting: SettingDescription & { default: readonly number[] }): Setting<readonly number[]> {
  const name = 'a list of 1 to 10 increasing delays from 1 to 86400000 (milliseconds), separated by commas'
  return { ...setting, format: format(name, readDelays) }
}

function readDelays(input: string): readonly number[] | undefined {
  const values = input.split(',').map((part) => numberWithin(part.trim(), /^\d+$/, 1, 86_400_000))
  const increasing = values.every((value, i) => value !== undefined && (i === 0 || value > (values[i - 1] ?? 0)))
  return increasing && values.length <= 10 ? (values as number[]) : undefined
}

/** A comma-separated list of some of the given words. */
export function wordList<const T extends string>(
  setting: SettingDescription & { default: readonly NoInfer<T>[]; values: readonly T[] },
): Setting<readonly T[]> {
  const { values, ...rest } = setting
  const reader = (input: string): readonly T[] | undefined => {
    const words = input.split(',').map((part) => values.find((value) => value === part.trim()))
    return words.includes(undefined) ? undefined : (words as T[])
  }
  return { ...rest, format: format(`a list of some of ${values.join(', ')}, separated by commas`, reader) }
}

/** One of the given words. */
export function oneOf<const T extends string>(
  setting: SettingDescription & { default: NoInfer<T>; values: readonly T[] },
): Setting<T> {
  const { values, ...rest } = setting
  return { ...rest, format: format(`one of ${values.join(', ')}`, (input) => values.find((value) => value === input)) }
}

/** Any non-empty text. */
export function text(setting: SettingDescription & { default: string; sensitive?: boolean }): Setting<string> {
  return { ...setting, format: format('a text that is not empty', (value) => (value === '' ? undefined : value)) }
}

/** Any text; empty disables the feature that the setting configures. */
export function optionalText(setting: SettingDescription & { default?: string; sensitive?: boolean }): Setting<string> {
  return { ...setting, default: setting.default ?? '', format: format('a text', (value) => value) }
}

/** A text that is not empty and that the check accepts. */
export function checkedText(
  setting: SettingDescription & { default: string; check: NonNullable<Setting<string>['check']> },
): Setting<string> {
  const { check, ...rest } = setting
  return { ...text(rest), check }
}

/**
 * A URL with one of the given schemes; may be empty if the default is. An error never contains the value: it may include a
 * password. `without` names the parts that the client of the URL does not support; `check` is that client's own check of a
 * URL that is well-formed.
 */
export function url(
  setting: SettingDescription & {
    default: string
    schemes: readonly string[]
    without?: readonly ('credentials' | 'query')[]
    check?: Setting<string>['check']
    /** Why the URL must not be empty. */
    required?: Setting<string>['check']
  },
): Setting<string> {
  const { schemes, without = [], check, required, ...rest } = setting
  const name = `a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`
  const optional = setting.default === ''
  return {
    ...rest,
    sensitive: true,
    format: format(optional ? `${name}, or empty` : name, (value) => {
      if (value === '') return optional ? value : undefined
      return schemes.some((scheme) => value.toLowerCase().startsWith(`${scheme}://`)) ? value : undefined
    }),
    check: (value, all) =>
      value === '' ? required?.(value, all) : (urlProblem(value, without) ?? check?.(value, all)),
  }
}

function urlProblem(input: string, without: readonly ('credentials' | 'query')[]): string | undefined {
  if (!URL.canParse(input)) return 'must be a URL with a valid host and a port from 1 to 65535'
  const { hostname, port: portText, username, password, pathname, search, hash } = new URL(input)
  if (!/^(\[[\da-f:.]+\]|[\w.-]+)$/i.test(hostname)) return 'must be a URL with a valid host'
  if (portText === '0') return 'must be a URL with a port from 1 to 65535'
  if (hash !== '') return 'must be a URL without a fragment: a # in a password is written %23'
  if (![username, password, pathname].every(isEncoded) || hasAuthorityInPath(input)) {
    return 'must be a URL with user, password and path in percent-encoded UTF-8'
  }
  if (without.includes('credentials') && username + password !== '') return 'must be a URL without credentials'
  if (without.includes('query') && search !== '') return 'must be a URL without a query'
  return undefined
}

/** Also without NUL, which ends a text in the protocols of PostgreSQL, RabbitMQ and SMTP. */
function isEncoded(input: string): boolean {
  try {
    return !decodeURIComponent(input).includes('\0')
  } catch {
    return false
  }
}

/** An unencoded / or ? in a password ends the authority, and a part of the password would be read as the host. */
function hasAuthorityInPath(input: string): boolean {
  const [, scheme = '', authority = '', rest = ''] = /^([a-z]+):\/\/([^/?#]*)([^]*)$/i.exec(input) ?? []
  if (/^https?$/i.test(scheme)) return false
  return /^[^?]*@/.test(rest) || (rest.includes('@') && !authority.includes('@'))
}

/**
 * Reads the settings from the environment. An empty variable counts as unset: Compose and Helm set unused ones to ''.
 * @throws ConfigurationError with the variable, its format and its value (unless it is secret)
 */
export function loadConfig<T extends object>(
  settings: { [K in keyof T]: Setting<T[K]> },
  environment: NodeJS.ProcessEnv,
): T {
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const known = Object.entries<Setting<unknown>>(settings)
  const values: Record<string, unknown> = Object.fromEntries(known.map(([key, setting]) => [key, read(setting, env)]))
  for (const [key, setting] of known) {
    const problem = setting.check?.(values[key], values)
    if (problem !== undefined) throw new ConfigurationError(`${setting.env} ${problem}.`)
  }
  return values as T
}

function read(setting: Setting<unknown>, env: NodeJS.ProcessEnv): unknown {
  const config = convict<{ value: unknown }>({ value: setting }, { env, args: [] })
  try {
    config.validate({ allowed: 'strict' })
  } catch {
    const shown = setting.sensitive === true ? '' : `, but is ${JSON.stringify(env[setting.env])}`
    throw new ConfigurationError(`${setting.env} must be ${setting.format}${shown}.`)
  }
  return config.get('value')
}
