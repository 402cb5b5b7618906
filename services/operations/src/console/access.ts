import { type AccessRules, callerOf, Problem } from '@order-saga/chassis'
import type { Context, Middleware } from 'koa'
import { operatorRule } from '../operators/identify-operator.ts'

export interface Access {
  readonly mode: 'read-only' | 'full'
  /** Identifies the operator of a request; undefined: everybody on this machine may read. */
  readonly check: Middleware | undefined
}

/** The routes of the console's data; its page and the files of the page are public. */
export const consoleAccess: AccessRules = {
  'GET /console/overview': operatorRule,
  'GET /console/sagas': operatorRule,
  'GET /console/sagas/:id': operatorRule,
  'GET /console/dead-letters': operatorRule,
  'POST /console/dead-letters/replay': operatorRule,
  'POST /console/dead-letters/discard': operatorRule,
  'GET /console/parked': operatorRule,
  'POST /console/parked/release': operatorRule,
}

/** Lets a request read if its operator is identified, or none needs to be. */
export function mayRead({ check }: Access): Middleware {
  return check ?? ((_, next) => next())
}

/**
 * The operator who may change something.
 * @throws Problem 403 in another mode than `full`, or when the operator is not identified
 */
export function actingOperator(ctx: Context, { mode }: Access): string {
  const caller = callerOf(ctx)
  if (mode !== 'full' || caller === undefined) {
    throw new Problem(403, 'The console is read-only: replay, discard and release require CONSOLE=full.')
  }
  return caller.subject
}
