/** Exporters of the metrics in dashboards and alerts that the services do not export. A name may be a pattern. */
export const foreignMetrics: Readonly<Record<string, string>> = {
  up: 'Prometheus',
  ...of('CloudNativePG', [
    'cnpg_collector_up',
    'cnpg_collector_pg_wal',
    'cnpg_pg_replication_lag',
    'cnpg_pg_settings_setting',
    'cnpg_pg_database_size_bytes',
    'cnpg_pg_stat_database_xact_commit',
    'cnpg_pg_stat_database_xact_rollback',
    'cnpg_pg_stat_database_deadlocks',
    'cnpg_pg_stat_database_blks_hit',
    'cnpg_pg_stat_database_blks_read',
    'cnpg_backends_total',
    'cnpg_backends_waiting_total',
    'cnpg_backends_max_tx_duration_seconds',
  ]),
  ...of('RabbitMQ', [
    'rabbitmq_alarms_.+',
    'rabbitmq_build_info',
    'rabbitmq_connections',
    'rabbitmq_detailed_queue_messages',
    'rabbitmq_detailed_queue_consumers',
    'rabbitmq_disk_space_available_bytes',
    'rabbitmq_disk_space_available_limit_bytes',
    'rabbitmq_global_messages_acknowledged_total',
    'rabbitmq_global_messages_delivered_consume_manual_ack_total',
    'rabbitmq_global_messages_received_total',
    'rabbitmq_global_messages_unroutable_dropped_total',
    'rabbitmq_global_messages_unroutable_returned_total',
    'rabbitmq_process_resident_memory_bytes',
    'rabbitmq_resident_memory_limit_bytes',
  ]),
  ...of('kube-state-metrics', [
    'kube_horizontalpodautoscaler_spec_max_replicas',
    'kube_horizontalpodautoscaler_status_desired_replicas',
    'kube_job_status_failed',
    'kube_job_status_succeeded',
    'kube_pod_container_status_restarts_total',
  ]),
  ...of('cAdvisor', ['container_cpu_cfs_periods_total', 'container_cpu_cfs_throttled_periods_total']),
}

function of(exporter: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, exporter]))
}
