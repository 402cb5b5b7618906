export function expect(found: string, wanted: string, what: string): void {
  if (found !== wanted) throw new Error(`${what}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}.`)
}
