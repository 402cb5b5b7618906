import assert from 'node:assert/strict'
import type { Definitions } from '@order-saga/contracts'
import type { ComposeProject } from './compose-project.ts'

/** The answer of RabbitMQ's management API. */
async function managementOf(project: ComposeProject, path: string): Promise<Response> {
  const url = await project.url('rabbitmq', 15672)
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`
  return await fetch(`${url}/api/${path}`, { headers: { authorization } })
}

/** The definitions that the broker exports. */
export async function definitionsOf(project: ComposeProject): Promise<Definitions> {
  const answer = await managementOf(project, 'definitions')
  assert.equal(answer.status, 200)
  return (await answer.json()) as Definitions
}

/** The user of each connection. */
export async function brokerUsers(project: ComposeProject): Promise<string[]> {
  const answer = await managementOf(project, 'connections')
  assert.equal(answer.status, 200)
  return ((await answer.json()) as { readonly user: string }[]).map(({ user }) => user)
}

export const nameAndTags = ({ name, tags }: Definitions['users'][number]): object => ({ name, tags })

/** Each object as text, in an order that depends neither on the list's nor on the fields'. */
export function comparable(objects: readonly object[]): string[] {
  return objects.map((each) => JSON.stringify(each, fieldsInOrder)).toSorted()
}

function fieldsInOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => one.localeCompare(other)))
}
