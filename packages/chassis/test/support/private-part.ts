/**
 * Defines the test of one part of a library that its documentation does not promise. When an upgrade changes the part,
 * the failure says so in one sentence and names the file that relies on it.
 */
export function privatePart(part: string, reliedOnBy: string, check: () => void | Promise<void>): void {
  it(part, async () => {
    try {
      await check()
    } catch (cause) {
      throw new Error(`Not true any more: ${part}. ${reliedOnBy} relies on it.`, { cause })
    }
  })
}
