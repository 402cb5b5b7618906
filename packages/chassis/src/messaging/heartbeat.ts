/**
 * The broker's URL with a heartbeat, unless it names one: a peer that falls silent is noticed within two to three of them.
 * amqplib reads it from the URL only.
 */
export function withHeartbeat(url: string, seconds = 10): string {
  const parsed = new URL(url)
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(seconds))
  return parsed.toString()
}
