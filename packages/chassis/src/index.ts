export { callerOf, type Caller } from './http/access/caller.ts'
export { AccessDenied } from './http/access/access-denied.ts'
export { type AccessRule, type AccessRules, checkRule } from './http/access/require-access.ts'
export { type TokenVerifier } from './http/access/token-verifier.ts'
export { createApi } from './http/api.ts'
export { ReadLimit } from './http/read-limit.ts'
export { type ApiDescription, type ApiExample } from './http/api-description.ts'
export { openApiDocument, serveOpenApi } from './http/openapi.ts'
export { RequestDeadline } from './http/request-deadline.ts'
export { invalidField, notFound, Problem, unavailable, requireValid } from './http/problem.ts'
export { Broker } from './messaging/broker.ts'
export { close as closeChannel } from './messaging/close.ts'
export { connect as connectBroker } from './messaging/connect.ts'
export { decode, encode, type Message, type OutgoingEvent, propertiesOf } from './messaging/message.ts'
export { cutToBytes, forward, replaysLimitBytes, retriedAtHeader } from './messaging/forwarding.ts'
export { arrivalOf, forgeryIn, type Provenance, provenanceOf } from './messaging/provenance.ts'
export { type Publication, Publisher } from './messaging/publisher.ts'
export { declareTopology } from './messaging/topology.ts'
export { BlockedByLock } from './persistence/lock-wait.ts'
export { connectionConfig, type DatabaseAddress } from './persistence/connection.ts'
export { Database, type Statement, statement, Transaction } from './persistence/database.ts'
export { GroupCommit } from './persistence/group-commit.ts'
export { findProcessed } from './persistence/inbox.ts'
export { awaitReplication } from './persistence/replicated-commit.ts'
export { migrate } from './persistence/migrate.ts'
export { clockOf } from './persistence/read-clock.ts'
export { type Cause, newEvent, writeMessages } from './persistence/outbox.ts'
export { type Effect, on, type Reaction, type Reactions } from './persistence/reactor.ts'
export { type Append, commitWithEvents, type ReactionContext, type UnitOfWork } from './persistence/unit-of-work.ts'
export { allOrNone, UnverifiedState } from './persistence/sql-errors.ts'
export { type DatabaseRoles, type RoleName, roleNames } from './persistence/roles.ts'
export { RowCache } from './persistence/row-cache.ts'
export { Relay } from './persistence/relay.ts'
export { cleanUp, type RetentionRule } from './persistence/retention.ts'
export { openSession, verifySessions } from './persistence/session.ts'
export { schemaMismatch, type SchemaVersions } from './persistence/schema.ts'
export { sqlState } from './persistence/sql-errors.ts'
export { Breaker } from './core/breaker.ts'
export { DatabaseClock } from './core/clock.ts'
export {
  checkedText,
  type ConfigOf,
  ConfigurationError,
  integer,
  loadConfig,
  milliseconds,
  oneOf,
  optionalText,
  rate,
  serverPort,
  type Setting,
  text,
  url,
} from './core/config.ts'
export {
  DependencyUnavailable,
  DiversionRequired,
  messageOf,
  PoisonMessage,
  unreadableReason,
  UnreadableVersion,
} from './core/errors.ts'
export { type Failure, failureOf, readFailure } from './core/failure.ts'
export { createLog, type Log } from './core/log.ts'
export { createGaugeRefresh } from './core/gauge-refresh.ts'
export { type ChassisMetrics, createMetrics, createRegistry } from './core/metrics.ts'
export { accessCheck, accessGuard, followKeys, isLoopback, tokenVerifier } from './process/access-guard.ts'
export { type AccessConfig, accessSettings, apiSettings } from './process/access-settings.ts'
export { startOpsServer } from './process/ops-server.ts'
export { runMigrations } from './process/run-migrations.ts'
export { runSchemaWait } from './process/run-schema-wait.ts'
export { Service } from './process/service.ts'
export {
  apiPort,
  brokerUrl,
  type CommonConfig,
  commonSettings,
  databaseSettings,
  hostProblem,
  httpHost,
} from './process/settings.ts'
export { start } from './process/start.ts'
export { type RuntimeDependencies } from './process/runtime-dependencies.ts'
export { traceIdOf, type Tracing, tracingOff } from './core/tracing.ts'
