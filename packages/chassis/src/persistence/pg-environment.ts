/**
 * Removes the variables that configure PostgreSQL clients, so that only the documented settings decide how a process
 * connects: PGHOST, PGSSLMODE, PGOPTIONS and so on (PostgreSQL manual, section 34.15), and the switch to the native client,
 * which pg reads while it is loaded. Children inherit the rest.
 */
for (const variable of Object.keys(process.env)) {
  if (/^PG[A-Z]/.test(variable) || variable === 'NODE_PG_FORCE_NATIVE') delete process.env[variable]
}
