{{/*
The broker's definitions: the topology that the services declare, from files/topology.json and the configured names, and
one user per service with the minimum permissions. The init container inserts the passwords.
A test compares all of it with the definitions that the services' code generates.
*/}}
{{- define "rabbitmq.definitions" -}}
{{- $messaging := include "rabbitmq.messaging" . | fromJson -}}
{{- $services := (.Files.Get "files/topology.json" | fromJson).services -}}
{{- $vhost := $messaging.vhost -}}
{{- $topic := $messaging.exchange -}}
{{- $crashLimit := 100 -}}
{{- $neverReached := 1000000 -}}
{{- $exchanges := list (dict "name" $topic "type" "topic") -}}
{{- $queues := list -}}
{{- $bindings := list -}}
{{- $users := list
  (dict "name" "admin" "password" "@admin@" "tags" (list "administrator"))
  (dict "name" "monitoring" "password" "@monitoring@" "tags" (list "monitoring"))
  (dict "name" "operations" "password" "@operations@" "tags" (list "management")) -}}
{{- $permissions := list -}}
{{- /* No routing key has this form; the empty one has the form ^$. */ -}}
{{- $noKey := "(?!)" -}}
{{- $topics := list (dict "user" "operations" "write" $noKey) -}}
{{- $direct := list -}}
{{- $moved := list -}}
{{- range $service := include "rabbitmq.services" $ | fromJsonArray -}}
{{- $of := get $services $service -}}
{{- $queue := get $messaging.queues $service -}}
{{- $dlq := printf "%s.dlq" $queue -}}
{{- $exchange := printf "%s.direct" $queue -}}
{{- $consumed := list $queue -}}
{{- range $of.secondaryQueues -}}{{- $consumed = append $consumed (printf "%s.%s" $queue .) -}}{{- end -}}
{{- $deadLetter := dict "x-queue-type" "quorum" "x-dead-letter-exchange" "" "x-dead-letter-strategy" "at-least-once" "x-overflow" "reject-publish" -}}
{{- $own := list (dict "name" $dlq "arguments" (dict "x-queue-type" "quorum" "x-delivery-limit" $neverReached)) -}}
{{- range $consumed -}}
{{- $own = append $own (dict "name" . "arguments" (merge (dict "x-delivery-limit" $crashLimit "x-dead-letter-routing-key" $dlq) $deadLetter)) -}}
{{- end -}}
{{- $moved = append $moved $dlq -}}
{{- range $messaging.retryDelaysMs -}}
{{- $name := printf "%s.retry.%d" $queue (int64 .) -}}
{{- $own = append $own (dict "name" $name "arguments" (merge (dict "x-message-ttl" (int64 .) "x-dead-letter-routing-key" $queue) $deadLetter)) -}}
{{- $moved = append $moved $name -}}
{{- end -}}
{{- $exchanges = append $exchanges (dict "name" $exchange "type" "direct") -}}
{{- $direct = append $direct $exchange -}}
{{- $queues = concat $queues $own -}}
{{- range $of.consumes -}}
{{- $bindings = append $bindings (dict "source" $topic "destination" $queue "routing_key" .) -}}
{{- end -}}
{{- $visible := list $topic $exchange -}}
{{- range $own -}}
{{- $bindings = append $bindings (dict "source" $exchange "destination" .name "routing_key" .name) -}}
{{- $visible = append $visible .name -}}
{{- end -}}
{{- $users = append $users (dict "name" $service "password" (printf "@%s@" $service) "tags" list) -}}
{{- $permissions = append $permissions (dict "user" $service "write" $visible "read" $consumed) -}}
{{- $topics = append $topics (dict "user" $service "write" (ternary (include "rabbitmq.oneOf" $of.publishes) $noKey (gt (len $of.publishes) 0))) -}}
{{- end -}}
{{- $visible := $direct -}}
{{- range $queues -}}{{- $visible = append $visible .name -}}{{- end -}}
{{- $permissions = prepend $permissions (dict "user" "operations" "write" $visible "read" $moved) -}}
{{- $permissions = prepend $permissions (dict "user" "monitoring" "write" list "read" list) -}}
{{- range $permissions -}}
{{- /* `write` on the name of a queue only permits its passive declaration: publishing checks the exchange, and a binding
also requires `read` on the exchange. */ -}}
{{- $write := include "rabbitmq.oneOf" .write -}}
{{- $_ := set . "write" $write -}}
{{- $_ := set . "read" (include "rabbitmq.oneOf" .read) -}}
{{- $_ := set . "configure" (ternary $write "^$" $.Values.lookingNeedsConfigure) -}}
{{- end -}}
{{- range $topics -}}{{- $_ := set . "exchange" $topic -}}{{- $_ := set . "read" $noKey -}}{{- end -}}
{{- range $exchanges -}}{{- $_ := set . "internal" false -}}{{- $_ := set . "arguments" dict -}}{{- end -}}
{{- range $bindings -}}{{- $_ := set . "destination_type" "queue" -}}{{- $_ := set . "arguments" dict -}}{{- end -}}
{{- range concat $exchanges $queues -}}{{- $_ := set . "durable" true -}}{{- $_ := set . "auto_delete" false -}}{{- end -}}
{{- $permissions = prepend $permissions (dict "user" "admin" "configure" ".*" "write" ".*" "read" ".*") -}}
{{- range concat $exchanges $queues $bindings $permissions $topics -}}{{- $_ := set . "vhost" $vhost -}}{{- end -}}
{{- dict
  "users" $users
  "vhosts" (list (dict "name" $vhost "default_queue_type" "quorum"))
  "permissions" $permissions
  "topic_permissions" $topics
  "exchanges" $exchanges
  "queues" $queues
  "bindings" $bindings
  "policies" list
  | toPrettyJson -}}
{{- end }}

{{/* A regular expression for a list of names; none matches the empty list. */}}
{{- define "rabbitmq.oneOf" -}}
{{- $quoted := list -}}
{{- range . -}}{{- $quoted = append $quoted (regexQuoteMeta .) -}}{{- end -}}
{{- ternary (printf "^(%s)$" (join "|" $quoted)) "^$" (gt (len .) 0) -}}
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
# Absent under --reuse-values of an older release.
max_message_size = {{ .Values.maxMessageSizeBytes | default 1048576 | int64 }}
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
