import type { AccessRule, AccessRules } from './access/require-access.ts'
import type { Problem } from './problem.ts'

export type Json = Readonly<Record<string, unknown>>

/** A request and its response. The documents publish them, and tests send each and compare the response. */
export interface ApiExample {
  readonly summary: string
  readonly request: {
    readonly method?: string
    /** With query and filled-in path parameters. */
    readonly path: string
    readonly headers?: Readonly<Record<string, string>>
    /** A text is sent as it is, anything else as JSON. */
    readonly body?: unknown
    /** `1.1` unless given. */
    readonly httpVersion?: string
  }
  /** The condition of the response, in words; undefined for a request that gets this response at any time. */
  readonly given?: string
  readonly response: Problem | { readonly status: number; readonly headers?: Json; readonly body?: unknown }
}

export interface ApiOperation {
  readonly id: string
  readonly method: 'get' | 'post' | 'put'
  /** With parameters as `{name}`. */
  readonly path: string
  readonly summary: string
  readonly description?: string
  /** The schemas that validate the request, by the name of the parameter. */
  readonly parameters?: Readonly<Partial<Record<'path' | 'query' | 'header', Json>>>
  readonly body?: object
  /** The schema of the successful response. */
  readonly answer: object
  readonly examples: Readonly<Record<string, ApiExample>>
}

export interface ApiDescription {
  readonly title: string
  readonly description: string
  /** Of the API, not of the release: the first number rises with a change that breaks a client. */
  readonly version: string
  /** Schemas that get a name of their own in the document. */
  readonly schemas: Readonly<Record<string, object>>
  readonly operations: readonly ApiOperation[]
  readonly access: AccessRules
  /** The requests of the examples that are the same for every API. */
  readonly samples: {
    readonly path: string
    /** The rule of a GET on `path`. */
    readonly access: AccessRule
    /** The methods of `path`, as in the header `Allow`. */
    readonly allow: string
    /** A request that has a body. */
    readonly write: { readonly method: string; readonly path: string }
  }
}
