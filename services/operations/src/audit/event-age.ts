const hexOfTime = 12

/** The id before all UUIDv7 made at or after the instant: ours tell when their event was appended. */
export function mintedFrom(at: Date): string {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(hexOfTime, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
