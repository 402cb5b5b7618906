import { Client } from 'pg'
import type { PostgresServer } from '@order-saga/dev'

/** Installs pg_stat_statements; restarts the server. */
export async function countStatements(server: PostgresServer): Promise<void> {
  await run(server, `ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`)
  await server.restart()
  await run(server, 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
}

async function run(server: PostgresServer, statement: string): Promise<void> {
  const client = new Client({ connectionString: server.url() })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
