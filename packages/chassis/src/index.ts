export { type ApiOptions, createApi } from './http/api.ts'
export { Patience } from './http/patience.ts'
export { invalidField, notFound, Problem, type ProblemBody, unavailable, valid } from './http/problem.ts'
export { Broker, type BrokerOptions } from './messaging/broker.ts'
export { Consumer, type ConsumerDependencies, type Subscription } from './messaging/consumer.ts'
export { close as closeChannel } from './messaging/closing.ts'
export { withHeartbeat } from './messaging/heartbeat.ts'
export {
  decode,
  encode,
  headersToSendOn,
  type Message,
  type OutgoingEvent,
  propertiesOf,
  propertiesToSendOn,
} from './messaging/message.ts'
export { type Publication, Publisher } from './messaging/publisher.ts'
export { Settlements } from './messaging/settlements.ts'
export {
  declareTopology,
  deadLetterQueue,
  laneQueue,
  retryQueue,
  type ServiceQueue,
  type Topology,
  topologyOf,
  type TopologyPlan,
} from './messaging/topology.ts'
export {
  Database,
  type DatabaseAddress,
  type DatabaseOptions,
  type Statement,
  statement,
  Transaction,
} from './persistence/database.ts'
export { GroupCommit, type GroupCommitOptions } from './persistence/group-commit.ts'
export { claimEvents, findProcessed } from './persistence/inbox.ts'
export { migrate } from './persistence/migrate.ts'
export { appendEvents, type Cause, leaseMs, newEvent } from './persistence/outbox.ts'
export { measureOutbox } from './persistence/outbox-gauges.ts'
export { type Effect, on, type Reacted, type Reaction, type Reactions, Reactor } from './persistence/reactor.ts'
export { type Append, commitWithEvents, type ReactionContext, type UnitOfWork } from './persistence/unit-of-work.ts'
export { Relay, type RelayOptions } from './persistence/relay.ts'
export { cleanUp, messagingRetention, type RetentionRule } from './persistence/retention.ts'
export { schemaMismatch, type SchemaVersions, waitForSchema } from './persistence/schema.ts'
export { isDatabaseTrouble, isLostRace, isRepeatable, sqlState } from './persistence/sql-errors.ts'
export { Breaker, type BreakerOptions } from './core/breaker.ts'
export {
  ConfigurationError,
  delays,
  integer,
  loadConfig,
  milliseconds,
  oneOf,
  optionalText,
  port,
  rate,
  type Setting,
  text,
  url,
} from './core/config.ts'
export { DependencyUnavailable, Divert, messageOf, PoisonMessage } from './core/errors.ts'
export { createLog, type Log } from './core/log.ts'
export { measured } from './core/measured.ts'
export { type ChassisMetrics, createMetrics, createRegistry } from './core/metrics.ts'
export { type OpsServerOptions, startOpsServer } from './process/ops-server.ts'
export { Periodic } from './core/periodic.ts'
export { runMigrations } from './process/run-migrations.ts'
export { runSchemaWait } from './process/run-schema-wait.ts'
export { Service, type ServiceOptions, type Store, type StoreOptions } from './process/service.ts'
export { type CommonConfig, commonSettings, type DatabaseConfig, databaseSettings } from './process/settings.ts'
export { start } from './process/start.ts'
export { realSurroundings, type Surroundings } from './process/surroundings.ts'
export { traceIdOf, type Tracing, tracingOff } from './core/tracing.ts'
