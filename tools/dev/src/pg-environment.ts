/**
 * Removes the variables that configure PostgreSQL's programs and clients (PGPORT, PGDATESTYLE, PGSSLMODE, …) and the native
 * client of pg: only the documented settings decide how servers start and how programs connect. Children inherit the rest.
 * The services do the same for themselves.
 */
for (const variable of Object.keys(process.env)) {
  if (/^PG[A-Z]/.test(variable) || variable === 'NODE_PG_FORCE_NATIVE') delete process.env[variable]
}
