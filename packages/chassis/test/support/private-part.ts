/**
 * Defines the test of undocumented behaviour of a library. When an upgrade changes it, the failure names the file that
 * relies on it.
 */
export function privatePart(part: string, reliedOnBy: string, check: () => void | Promise<void>): void {
  it(part, async () => {
    try {
      await check()
    } catch (cause) {
      throw new Error(`No longer true: ${part}. ${reliedOnBy} relies on it.`, { cause })
    }
  })
}
