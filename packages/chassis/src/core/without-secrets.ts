/** Longer texts are cut before they are searched, so that the time is bounded. */
const searched = 16_384

/** The user information of a URL, also with a password that is not percent-encoded. */
const userInformation = /\/\/[^\s"'<>]{1,300}@/g
/** A value after a name that says what it is: `password=…`, `"token": "…"`, `Authorization: Bearer …`. */
const named =
  /(passwo?r?d|passphrase|pwd|secret|token|api[-_]?key|authorization)(["']?\s{0,3}[=:]\s{0,3})(?:(?:Bearer|Basic)\s+)?(?:"[^"]{0,300}"|'[^']{0,300}'|[^\s,;&"'}]+)/gi
const credentials = /\b(Bearer|Basic) [\w.~+/=-]{8,}/g

/**
 * The text with `***` for what looks like a credential: the texts of errors are kept in dead letters, for everybody who may
 * read these. A safeguard: errors must not contain credentials in the first place.
 */
export function withoutSecrets(text: string): string {
  return text
    .slice(0, searched)
    .replaceAll(userInformation, '//***@')
    .replaceAll(named, '$1$2***')
    .replaceAll(credentials, '$1 ***')
}
