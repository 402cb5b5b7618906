export { startPostgres, PostgresServer } from './postgres.ts'
export type { PostgresOptions } from './postgres.ts'
export { waitUntil } from './wait-until.ts'
export type { WaitOptions } from './wait-until.ts'
