/**
 * What a message would do if it were delivered now.
 * `duplicate`: it is in the inbox. `already_final`: it is not, and the state is past it. `dies_again`: its consumer would
 * dead-letter it at once. `unknown`: the consumer keeps no state.
 */
export type Verdict = 'would_change' | 'duplicate' | 'already_final' | 'dies_again' | 'unknown'

export interface ReplayPreview {
  readonly verdict: Verdict
  /** In words: what changes from what to what and which events are published, or why nothing does. */
  readonly why: string
}

export const verdictWords: Readonly<Record<Verdict, string>> = {
  would_change: 'would change',
  duplicate: 'duplicate',
  already_final: 'already final',
  dies_again: 'would die again',
  unknown: 'cannot be told',
}
