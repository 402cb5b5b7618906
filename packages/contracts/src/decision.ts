/** The result of an input that a service acts on. `publish` and `effects` name what the caller builds from the next state. */
export interface Decided<State, Publish extends string, Effect extends string = never> {
  readonly kind: 'decided'
  readonly state: State
  /** The events that report the change, in the order in which they are appended to the outbox. */
  readonly publish: readonly Publish[]
  /** The outside effects to start after the commit. */
  readonly effects: readonly Effect[]
}

/** An input that changes nothing. late: a repetition, or overtaken. violation: no participant that follows the protocol sends it. */
export interface Ignored {
  readonly kind: 'ignored'
  readonly because: 'late' | 'violation'
  readonly detail?: string
}

/** The result of a pure function `decide(state, input)`: one shape in all stateful services. */
export type Decision<State, Publish extends string, Effect extends string = never> =
  Decided<State, Publish, Effect> | Ignored
