/**
 * How Node runs a service, the same as in the images and the chart. V8 sizes its heap for a machine it has to itself: left
 * alone, a busy order service lets garbage grow to 160 MiB, and holds 110 with these, at a few percent more CPU
 * (docs/decisions/0017). A service that needs more than 192 MiB of long-lived objects has lost a bound somewhere.
 */
export const nodeArguments: readonly string[] = ['--max-semi-space-size=8', '--max-old-space-size=192']
