import { checkerOf, Uuid } from '@order-saga/contracts'
import { Problem } from '@order-saga/chassis'

const check = checkerOf(Uuid)

/**
 * Reads an id from a path.
 * @throws Problem 404: what is no UUID names nothing, as an unknown one does
 */
export function idOf(what: 'order' | 'saga', text: string | undefined): string {
  const checked = check(text)
  if (checked.ok) return checked.value
  throw new Problem(404, `There is no ${what} ${text ?? ''}: its id is a UUID.`)
}
