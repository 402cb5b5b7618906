/** The sender of the mails. */
export interface SenderAddress {
  /** Empty when only an address was given. */
  readonly name: string
  readonly address: string
  /** The part after the @, also used in every Message-ID. */
  readonly domain: string
}

const mailbox = /^(?:([^<>\p{Cc}]*)<)?([^\s@<>(),;:"[\]\\\p{Cc}]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*))(>)?$/u

/**
 * Parses `shop@example.com` or `Shop <shop@example.com>`.
 * @throws RangeError for anything else
 */
export function parseSenderAddress(text: string): SenderAddress {
  const [, name, address, domain, close] = mailbox.exec(text.trim()) ?? []
  if (address === undefined || domain === undefined || (name === undefined) !== (close === undefined)) {
    throw new RangeError(
      `The sender must be like shop@example.com or Shop <shop@example.com>, but is ${JSON.stringify(text)}`,
    )
  }
  return { name: (name ?? '').trim().replace(/^"(.*)"$/, '$1'), address, domain }
}
