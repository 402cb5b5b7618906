{{/*
The broker's definitions: the topology that the services declare, from files/topology.json and the configured names, and
one user per service with the minimum permissions. The init container inserts the passwords.
A test compares queues, arguments and bindings with the declarations of the services' code.
*/}}
{{- define "rabbitmq.definitions" -}}
{{- $messaging := include "rabbitmq.messaging" . | fromJson -}}
{{- $services := (.Files.Get "files/topology.json" | fromJson).services -}}
{{- $vhost := $messaging.vhost -}}
{{- $exchange := $messaging.exchange -}}
{{- $crashLimit := 100 -}}
{{- $neverReached := 1000000 -}}
{{- $queues := list -}}
{{- $bindings := list -}}
{{- $all := list -}}
{{- $dead := list -}}
{{- range $service := include "rabbitmq.services" $ | fromJsonArray -}}
{{- $of := get $services $service -}}
{{- $queue := get $messaging.queues $service -}}
{{- $dlq := printf "%s.dlq" $queue -}}
{{- $dead = append $dead $dlq -}}
{{- $deadLetter := dict "x-dead-letter-exchange" "" "x-dead-letter-strategy" "at-least-once" "x-overflow" "reject-publish" -}}
{{- $queues = append $queues (dict "name" $dlq "arguments" (dict "x-queue-type" "quorum" "x-delivery-limit" $neverReached)) -}}
{{- $working := merge (dict "x-queue-type" "quorum" "x-delivery-limit" $crashLimit "x-dead-letter-routing-key" $dlq) $deadLetter -}}
{{- $queues = append $queues (dict "name" $queue "arguments" $working) -}}
{{- range $name := $of.secondaryQueues -}}
{{- $queues = append $queues (dict "name" (printf "%s.%s" $queue $name) "arguments" $working) -}}
{{- end -}}
{{- range $delay := $messaging.retryDelaysMs -}}
{{- $waiting := merge (dict "x-queue-type" "quorum" "x-message-ttl" (int64 $delay) "x-dead-letter-routing-key" $queue) $deadLetter -}}
{{- $queues = append $queues (dict "name" (printf "%s.retry.%d" $queue (int64 $delay)) "arguments" $waiting) -}}
{{- end -}}
{{- range $event := $of.consumes -}}
{{- $bindings = append $bindings (dict "source" $exchange "vhost" $vhost "destination" $queue "destination_type" "queue" "routing_key" $event "arguments" dict) -}}
{{- end -}}
{{- end -}}
{{- range $queues -}}
{{- $_ := set . "vhost" $vhost -}}
{{- $_ := set . "durable" true -}}
{{- $_ := set . "auto_delete" false -}}
{{- $all = append $all (regexQuoteMeta .name) -}}
{{- end -}}
{{- /* `write` on a queue name only permits a passive declare: publishing checks the exchange, and a binding also requires
`read` on an exchange. Retries, diverted messages and dead letters are published through the default exchange. */ -}}
{{- $write := printf "^(amq\\.default|%s|%s)$" (regexQuoteMeta $exchange) (join "|" $all) -}}
{{- $configure := ternary (printf "^(%s|%s)$" (regexQuoteMeta $exchange) (join "|" $all)) "^$" .Values.lookingNeedsConfigure -}}
{{- $users := list
  (dict "name" "admin" "password" "@admin@" "tags" (list "administrator"))
  (dict "name" "monitoring" "password" "@monitoring@" "tags" (list "monitoring"))
  (dict "name" "operations" "password" "@operations@" "tags" list) -}}
{{- $permissions := list
  (dict "user" "admin" "vhost" $vhost "configure" ".*" "write" ".*" "read" ".*")
  (dict "user" "monitoring" "vhost" $vhost "configure" "^$" "write" "^$" "read" "^$")
  (dict "user" "operations" "vhost" $vhost "configure" $configure "write" $write "read" (printf "^(%s)$" (join "|" (include "rabbitmq.quoted" $dead | fromJsonArray)))) -}}
{{- $topics := list (dict "user" "operations" "vhost" $vhost "exchange" $exchange "write" "^$" "read" "^$") -}}
{{- range $service := include "rabbitmq.services" $ | fromJsonArray -}}
{{- $of := get $services $service -}}
{{- $queue := get $messaging.queues $service -}}
{{- $own := list $queue -}}
{{- range $of.secondaryQueues -}}{{- $own = append $own (printf "%s.%s" $queue .) -}}{{- end -}}
{{- $users = append $users (dict "name" $service "password" (printf "@%s@" $service) "tags" list) -}}
{{- $permissions = append $permissions (dict "user" $service "vhost" $vhost "configure" $configure "write" $write "read" (printf "^(%s)$" (join "|" (include "rabbitmq.quoted" $own | fromJsonArray)))) -}}
{{- $keys := join "|" (include "rabbitmq.quoted" $of.publishes | fromJsonArray) -}}
{{- $topics = append $topics (dict "user" $service "vhost" $vhost "exchange" $exchange "write" (ternary (printf "^(%s)$" $keys) "^$" (ne $keys "")) "read" "^$") -}}
{{- end -}}
{{- dict
  "users" $users
  "vhosts" (list (dict "name" $vhost "default_queue_type" "quorum"))
  "permissions" $permissions
  "topic_permissions" $topics
  "exchanges" (list (dict "name" $exchange "vhost" $vhost "type" "topic" "durable" true "auto_delete" false "internal" false "arguments" dict))
  "queues" $queues
  "bindings" $bindings
  "policies" list
  | toPrettyJson -}}
{{- end }}

{{/* A list of names as a JSON list of regular expressions. */}}
{{- define "rabbitmq.quoted" -}}
{{- $quoted := list -}}
{{- range . -}}{{- $quoted = append $quoted (regexQuoteMeta .) -}}{{- end -}}
{{- $quoted | toJson -}}
{{- end }}

{{/* rabbitmq.conf of the StatefulSet's nodes. */}}
{{- define "rabbitmq.conf" -}}
{{- $name := include "rabbitmq.fullname" . -}}
{{- include "rabbitmq.commonConf" . }}
listeners.tcp.default = 5672
management.tcp.port = 15672
prometheus.tcp.port = 15692
log.console = true
log.file = false
{{- if gt (int .Values.replicas) 1 }}
# The node names are known, so peer discovery does not use the Kubernetes API.
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.target_cluster_size_hint = {{ .Values.replicas }}
{{- range $i := until (int .Values.replicas) }}
cluster_formation.classic_config.nodes.{{ add $i 1 }} = rabbit@{{ $name }}-{{ $i }}.{{ $name }}-nodes.{{ $.Release.Namespace }}
{{- end }}
{{- if include "rabbitmq.hasPartitionHandling" . }}
cluster_partition_handling = pause_minority
{{- end }}
{{- end }}
{{- end }}

{{/* rabbitmq.conf shared by both modes. */}}
{{- define "rabbitmq.commonConf" -}}
definitions.import_backend = local_filesystem
definitions.local.path = {{ ternary "/etc/rabbitmq/definitions.json" "/etc/rabbitmq-definitions/definitions.json" (eq .Values.mode "statefulset") }}
definitions.skip_if_unchanged = true
queue_leader_locator = balanced
# 80 % of the container's memory limit; the rest covers memory that the alarm does not count.
total_memory_available_override_value = {{ div (mul (include "rabbitmq.bytes" .Values.resources.limits.memory | int64) 4) 5 }}
# The quorum queues' write-ahead log is held in memory until its file is full; several files may be in memory.
raft.wal_max_size_bytes = {{ min (div (include "rabbitmq.bytes" .Values.resources.limits.memory | int64) 16) 536870912 }}
# 20 % of the volume, at most 2 GB, so that the alarm is not permanently set on small volumes.
disk_free_limit.absolute = {{ min (div (include "rabbitmq.bytes" .Values.storage.size | int64) 5) 2000000000 }}
{{- if gt (int .Values.replicas) 1 }}
# The first node declares the queues with one member; members are added as nodes join.
quorum_queue.continuous_membership_reconciliation.enabled = true
quorum_queue.continuous_membership_reconciliation.interval = 30000
quorum_queue.continuous_membership_reconciliation.target_group_size = {{ min 3 (int .Values.replicas) }}
{{- end }}
{{- with .Values.extraConfig }}
{{ . }}
{{- end }}
{{- end }}
