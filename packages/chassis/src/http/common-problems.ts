import type { ApiDescription, ApiExample } from './api-description.ts'
import { accessProblems } from './access/describe-access.ts'
import { Problem, unavailable } from './problem.ts'
import { tooManyReads } from './read-limit.ts'

type Examples = Readonly<Record<string, ApiExample>>

/** The problems that every operation, or those with and without a body, may respond with, each with a request that causes it. */
export function commonProblems({
  samples,
}: Pick<ApiDescription, 'samples'>): Readonly<Record<'always' | 'withBody' | 'ofReads', Examples>> {
  const { path, allow, write } = samples
  const json = { 'content-type': 'application/json' }
  const problem = (status: number, detail: string, headers: Record<string, string> = {}): Problem =>
    new Problem(status, detail, { headers })
  const example = (
    summary: string,
    response: Problem,
    request: Partial<ApiExample['request']> = {},
    given?: string,
  ): ApiExample => ({ summary, request: { path, ...request }, ...(given !== undefined && { given }), response })
  return {
    always: {
      ...accessProblems(samples),
      malformedTarget: example(
        'a target whose percent-encoding is not well-formed',
        problem(400, 'The percent-encoding of the request target is not well-formed.'),
        { path: '/%ff' },
      ),
      unknownPath: example('a path without a resource', problem(404, '/nothing does not exist.'), { path: '/nothing' }),
      methodNotAllowed: example(
        'a method that the path does not have',
        problem(405, `The method TRACE is not allowed; allowed: ${allow}.`, { allow }),
        { method: 'TRACE' },
      ),
      requestTimeout: example(
        'a request that is not complete in time',
        problem(408, 'The request was not sent in time.'),
        {},
        'the headers do not end within 10 s, or the request within 30 s',
      ),
      targetTooLong: example(
        'a target that is too long',
        problem(414, 'The request target may have at most 8000 bytes.'),
        {},
        'the request target has more than 8,000 bytes',
      ),
      unknownExpectation: example(
        'an expectation other than 100-continue',
        problem(417, 'The only supported expectation is 100-continue.'),
        { headers: { expect: 'tea' } },
      ),
      headersTooLarge: example(
        'headers that are too large',
        problem(431, 'The request line and the headers are too large.'),
        {},
        'the headers have more than 16 KiB',
      ),
      internalError: example(
        'a defect of the service',
        problem(500, 'Internal error. It is not known whether the request took effect.'),
        {},
        'the service has a defect',
      ),
      databaseUnavailable: example(
        'the database does not respond',
        unavailable('The database did not respond in time, try again.'),
        {},
        'the database does not respond',
      ),
      otherHttpVersion: example('another version of HTTP', problem(505, 'Supported are HTTP/1.0 and HTTP/1.1.'), {
        httpVersion: '2.0',
      }),
    },
    ofReads: {
      tooManyReads: example(
        'too many requests that read',
        tooManyReads(),
        {},
        'more requests read than have connections, and 200 wait for their turn',
      ),
    },
    withBody: {
      emptyBody: example('a request without its body', problem(400, 'The body must be JSON, and is empty.'), write),
      malformedJson: example('a body that is not JSON', problem(400, 'The body is not well-formed JSON.'), {
        ...write,
        headers: json,
        body: '{',
      }),
      contentTooLarge: example(
        'a body that is too large',
        problem(413, 'The body may have at most 65536 bytes.'),
        { ...write, headers: json },
        'the body has more than 65,536 bytes',
      ),
      otherMediaType: example('a body that is not JSON', problem(415, 'The body must be application/json.'), {
        ...write,
        headers: { 'content-type': 'text/plain' },
        body: 'BOOK',
      }),
      compressedBody: example(
        'a body that is compressed',
        problem(415, 'The body must not be compressed.', { 'accept-encoding': 'identity' }),
        { ...write, headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' },
      ),
    },
  }
}
