/** A mail as the server got it. */
export interface ReceivedMail {
  /** From the envelope, like `to`, not from the header. */
  readonly from: string
  readonly to: readonly string[]
  /** Who had logged in, if anyone. */
  readonly user: string | undefined
  /** By name in lower case; one entry per occurrence, unfolded. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly messageId: string
  readonly subject: string
  readonly text: string
  readonly raw: string
}

/** Reads a mail of one text part. Encoded words in headers stay as they are. */
export function readMail(raw: string, envelope: Pick<ReceivedMail, 'from' | 'to' | 'user'>): ReceivedMail {
  const end = raw.indexOf('\r\n\r\n')
  const headers = new Map<string, string[]>()
  for (const line of raw
    .slice(0, end)
    .replaceAll(/\r\n(?=[ \t])/g, '')
    .split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  const only = (name: string): string => headers.get(name)?.[0] ?? ''
  const body = decode(raw.slice(end + 4), only('content-transfer-encoding'))
  const text = only('content-type').includes('format=flowed') ? unwrap(body) : body
  return { ...envelope, headers, messageId: only('message-id'), subject: only('subject'), text, raw }
}

function decode(body: string, encoding: string): string {
  const lines = body.replaceAll('\r\n', '\n')
  if (encoding === 'base64') return Buffer.from(lines, 'base64').toString('utf8')
  if (encoding !== 'quoted-printable') return lines
  const bytes = lines
    .replaceAll('=\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Undoes format=flowed (RFC 3676): a space at the end of a line joins it to the next, one at its start is stuffing. */
function unwrap(body: string): string {
  return body.replaceAll(/^ /gm, '').replaceAll(' \n', ' ')
}
