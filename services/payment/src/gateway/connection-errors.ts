/** Verification ends a TLS connection before the request is written to it. */
const certificateErrors = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/**
 * Whether a failed `fetch` has certainly sent nothing: the name was not found, the connection was not made, or the server's
 * certificate was refused. False in doubt: an ECONNRESET may come before or after the request reached the server.
 */
export function nothingWasSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(nothingWasSent)
  if (error instanceof TypeError && error.cause !== undefined) return nothingWasSent(error.cause)
  const { code = '', syscall } = error as NodeJS.ErrnoException
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true
  return code === 'UND_ERR_CONNECT_TIMEOUT' || certificateErrors.has(code)
}

/** The failure in a word or two, without anything that was sent or received. */
export function errorNameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  if (error instanceof TypeError && error.cause !== undefined) return errorNameOf(error.cause)
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' ? code : error.name
}
