// First, because pg reads the environment while it is loaded.
// oxlint-disable-next-line import/no-unassigned-import
import './pg-environment.ts'

import pg from 'pg'

/** The module as it is, for the parts that its types do not mention. */
export const library: unknown = pg

export {
  Client,
  type ClientBase,
  type ClientConfig,
  Pool,
  type PoolClient,
  type PoolConfig,
  type QueryConfig,
  type Submittable,
  types,
} from 'pg'
