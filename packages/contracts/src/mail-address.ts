/** RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3 (a path of 256 octets has two brackets); RFC 1035, section 2.3.4. */
const limits = { address: 254, localPart: 64, label: 63 } as const

/**
 * `Dot-string` of RFC 5321 with the characters that RFC 6531 adds, except those that are not visible. Quoted strings are
 * not supported.
 */
const localPart = /^(?!\.)(?:\.?[\w!#$%&'*+/=?^`{|}~-]|\.?[^\p{ASCII}\p{C}\p{Z}])+$/u
const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/

/**
 * The one rule for e-mail addresses, at the API and in events. An internationalized domain is written in ASCII
 * (`xn--…`), an address literal (`[192.0.2.1]`) is not supported.
 */
export function isMailAddress(text: string): boolean {
  const [local = '', domain = '', ...rest] = text.split('@')
  const labels = domain.split('.')
  return (
    rest.length === 0 &&
    octets(text) <= limits.address &&
    octets(local) <= limits.localPart &&
    localPart.test(local) &&
    labels.length > 1 &&
    labels.every((each) => each.length <= limits.label && label.test(each)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  )
}

const octets = (text: string): number => Buffer.byteLength(text)
