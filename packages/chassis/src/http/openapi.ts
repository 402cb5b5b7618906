import { STATUS_CODES } from 'node:http'
import type { Router } from '@koa/router'
import { securityOf, securitySchemes } from './access/describe-access.ts'
import type { AccessRules } from './access/require-access.ts'
import type { ApiDescription, ApiExample, ApiOperation, Json } from './api-description.ts'
import { commonProblems } from './common-problems.ts'
import { Problem, problemSchema } from './problem.ts'

const headerDescriptions: Readonly<Record<string, string>> = {
  allow: 'the methods of this path',
  location: 'the path of the new resource',
  'accept-encoding': 'the content codings that a request may have',
  'www-authenticate': 'how to authenticate, and why this token is not accepted (RFC 6750)',
  'retry-after': 'seconds after which the request may be repeated',
  'idempotent-replayed': 'true: the response of an earlier request with this Idempotency-Key',
}

/**
 * The OpenAPI 3.1 document of an API, from the schemas that validate its requests.
 * @param tokenRequired false: whether requests need an access token depends on AUTH_MODE
 */
export function openApiDocument(api: ApiDescription, tokenRequired: boolean): Json {
  const names = new Map(Object.entries(api.schemas).map(([name, schema]) => [schema, name]))
  names.set(problemSchema, 'Problem')
  const { always, withBody, ofReads } = commonProblems(api)
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of api.operations) {
    const common = { ...always, ...(operation.method === 'get' ? ofReads : withBody) }
    const security = securityOf(ruleOf(api, operation), tokenRequired)
    const documented = { ...operationOf(operation, names, common), security }
    const item = (paths[operation.path] ??= { options: optionsOf(operation) })
    item[operation.method] = documented
    if (operation.method === 'get') item['head'] = headOf(documented)
  }
  return {
    openapi: '3.1.1',
    info: {
      title: api.title,
      version: api.version,
      description: api.description,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: {
      securitySchemes,
      schemas: Object.fromEntries(
        [...names]
          .map(([schema, name]) => [name, rendered(schema, names, true)])
          .toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1)),
      ),
      examples: Object.fromEntries(
        Object.entries({ ...always, ...withBody, ...ofReads }).map(([name, example]) => [name, exampleOf(example)]),
      ),
    },
  }
}

/** Adds the route by which a service offers its document, which is made for the first request. */
export function serveOpenApi(router: Router, api: ApiDescription, tokenRequired: boolean): void {
  let text: string | undefined
  router.get('/openapi.json', (ctx) => {
    ctx.type = 'application/json'
    ctx.body = text ??= JSON.stringify(openApiDocument(api, tokenRequired))
  })
}

function ruleOf({ access }: ApiDescription, { method, path }: ApiOperation): AccessRules[string] | undefined {
  return access[`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`]
}

function operationOf(
  operation: ApiOperation,
  names: ReadonlyMap<object, string>,
  common: Readonly<Record<string, ApiExample>>,
): Record<string, unknown> {
  const { id, summary, description, body, examples, answer } = operation
  const all: [name: string, example: ApiExample, reference: unknown][] = [
    ...Object.entries(examples).map(([name, example]): [string, ApiExample, unknown] => [
      name,
      example,
      exampleOf(example),
    ]),
    ...Object.entries(common).map(([name, example]): [string, ApiExample, unknown] => [
      name,
      example,
      { $ref: `#/components/examples/${name}` },
    ]),
  ]
  const responses: Record<string, unknown> = {}
  for (const status of [...new Set(all.map(([, { response }]) => response.status))].toSorted(
    (one, other) => one - other,
  )) {
    const some = all.filter(([, { response }]) => response.status === status)
    const schema = status < 400 ? answer : problemSchema
    responses[status] = {
      description: STATUS_CODES[status],
      ...headersOf(some.map(([, example]) => example)),
      content: {
        [status < 400 ? 'application/json' : 'application/problem+json']: {
          schema: rendered(schema, names),
          examples: Object.fromEntries(some.map(([name, , reference]) => [name, reference])),
        },
      },
    }
  }
  return {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    ...parametersOf(operation, names),
    ...(body !== undefined && { requestBody: requestBodyOf(operation, names) }),
    responses,
  }
}

function parametersOf({ parameters, examples, path }: ApiOperation, names: ReadonlyMap<object, string>): Json {
  if (parameters === undefined) return {}
  const { request } = Object.values(examples).find(({ response }) => response.status < 400) ?? {}
  const values = valuesOf(path, request?.path ?? '')
  const list = Object.entries(parameters).flatMap(([place, schemas]) =>
    Object.entries(schemas).map(([name, schema]) => {
      const { description, ...rest } = rendered(schema, names) as { description?: string }
      const example = place === 'header' ? request?.headers?.[name] : values[name]
      return {
        name,
        in: place,
        required: place === 'path',
        description,
        schema: rest,
        ...(example !== undefined && { example }),
      }
    }),
  )
  return { parameters: list }
}

/** The values of the path parameters in a path. */
function valuesOf(template: string, path: string): Record<string, string> {
  const [parts, values] = [template.split('/'), path.split('/')]
  return Object.fromEntries(
    parts.flatMap((part, i) => (part.startsWith('{') ? [[part.slice(1, -1), values[i] ?? '']] : [])),
  )
}

function requestBodyOf({ body, examples }: ApiOperation, names: ReadonlyMap<object, string>): Json {
  const accepted = Object.entries(examples).filter(([, { response }]) => response.status < 400)
  return {
    required: true,
    content: {
      'application/json': {
        schema: rendered(body, names),
        examples: Object.fromEntries(
          accepted.map(([name, { summary, request }]) => [name, { summary, value: request.body }]),
        ),
      },
    },
  }
}

/** The response to HEAD: that to GET without its content. */
function headOf({ operationId, summary, responses, ...rest }: Record<string, unknown>): Json {
  const bare = Object.entries(responses as Record<string, Record<string, unknown>>).map(
    ([status, { description, headers }]) => [status, { description, ...(headers !== undefined && { headers }) }],
  )
  return {
    operationId: `${String(operationId)}Head`,
    summary: `${String(summary)}: the headers only`,
    ...rest,
    responses: Object.fromEntries(bare),
  }
}

function optionsOf({ id, path, parameters }: ApiOperation): Json {
  const ofPath = Object.keys(parameters?.path ?? {}).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  return {
    operationId: `${id}Options`,
    summary: `The methods of ${path}`,
    ...(ofPath.length > 0 && { parameters: ofPath }),
    responses: {
      204: { description: STATUS_CODES[204], headers: { allow: headerOf('allow', true) } },
      default: {
        description: 'the request is malformed',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

function headersOf(examples: readonly ApiExample[]): Json {
  const lists = examples.map(({ response }) => Object.keys(response.headers ?? {}))
  const found = [...new Set(lists.flat())].toSorted((one, other) => (one < other ? -1 : 1))
  if (found.length === 0) return {}
  const always = (name: string): boolean => lists.every((list) => list.includes(name))
  return { headers: Object.fromEntries(found.map((name) => [name, headerOf(name, always(name))])) }
}

function headerOf(name: string, required: boolean): Json {
  return { description: headerDescriptions[name], required, schema: { type: 'string' } }
}

/** An Example Object; its extensions say how the response is reached. */
function exampleOf({ summary, request, given, response }: ApiExample): Json {
  const { status, headers = {} } = response
  const [instance = ''] = request.path.split('?')
  return {
    summary,
    value:
      response instanceof Problem
        ? { ...response.body, ...(status !== 408 && status !== 431 && { instance }) }
        : response.body,
    'x-request': request,
    ...(given !== undefined && { 'x-given': given }),
    'x-response': { status, ...(Object.keys(headers).length > 0 && { headers }) },
  }
}

/** The schema as plain JSON, in which named schemas are references. */
function rendered(schema: unknown, names: ReadonlyMap<object, string>, isDefinition = false): unknown {
  if (Array.isArray(schema)) return schema.map((each) => rendered(each, names))
  if (typeof schema !== 'object' || schema === null) return schema
  const name = names.get(schema)
  if (name !== undefined && !isDefinition) return { $ref: `#/components/schemas/${name}` }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, rendered(value, names)]))
}
