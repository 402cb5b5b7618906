/** nodemailer's options that may follow as a query; it ignores others, also where only the case of a letter differs. */
const flags = ['requireTLS', 'ignoreTLS', 'tls.rejectUnauthorized']
const texts = ['name', 'localAddress', 'authMethod', 'tls.servername', 'tls.minVersion', 'tls.ciphers']

/**
 * Why the query of a well-formed `SMTP_URL` is invalid, as the end of a sentence that begins with the variable. The limits of
 * time and connections are not among the options: they are fixed, or settings.
 */
export function smtpQueryProblem(url: string): string | undefined {
  const seen = new Set<string>()
  for (const [name, value] of new URL(url).searchParams) {
    if (seen.has(name)) return `must have the query parameter ${name} once`
    seen.add(name)
    if (flags.includes(name)) {
      if (value !== 'true' && value !== 'false') return `must have a ${name} that is true or false`
    } else if (!texts.includes(name)) return `must have no query parameters but ${[...flags, ...texts].join(', ')}`
    else if (value === '') return `must have a ${name} that is not empty`
  }
  return undefined
}
