const hexOfTime = 12

/** When a UUIDv7 was made; undefined for an id of another kind. */
export function mintedAt(id: string): Date | undefined {
  const hex = id.replaceAll('-', '')
  return hex[hexOfTime] === '7' ? new Date(Number.parseInt(hex.slice(0, hexOfTime), 16)) : undefined
}

/** The id before all UUIDv7 made at or after the instant. */
export function mintedFrom(at: Date): string {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(hexOfTime, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
