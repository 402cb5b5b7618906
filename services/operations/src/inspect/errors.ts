import { DependencyUnavailable, messageOf } from '@order-saga/chassis'
import type { StoreName } from './stores.ts'

/** A database or the broker is unavailable or refuses a request; the message names it. */
export class SourceUnavailable extends DependencyUnavailable {
  readonly source: StoreName | 'broker'

  constructor(source: StoreName | 'broker', cause: unknown) {
    super(source === 'broker' ? source : `${source} database`, cause)
    this.source = source
    this.message = `the ${this.dependency}: ${messageOf(cause)}`
  }
}

/** The request cannot be done in the current state; the message is one sentence for the operator. */
export class NotDone extends Error {
  override readonly name = 'NotDone'
}
