{{- define "order-saga.prefix" -}}
{{- .Values.global.nameOverride | default .Release.Name -}}
{{- end }}

{{/* Names, one rule for all: the prefix and what it is. Takes (list $ "payment"). */}}
{{- define "order-saga.name" -}}
{{- include "order-saga.prefix" (first .) }}-{{ last . -}}
{{- end }}

{{/* Takes (list $ component). */}}
{{- define "order-saga.selector" -}}
{{- $ := first . -}}
app.kubernetes.io/name: order-saga
app.kubernetes.io/instance: {{ $.Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end }}

{{- define "order-saga.labels" -}}
{{- $ := first . -}}
{{ include "order-saga.selector" . }}
app.kubernetes.io/part-of: order-saga
app.kubernetes.io/version: {{ $.Values.image.tag | default $.Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
helm.sh/chart: {{ $.Chart.Name }}-{{ $.Chart.Version }}
{{- end }}

{{/* Takes (list $ image). */}}
{{- define "order-saga.image" -}}
{{- $ := first . -}}
{{- $image := last . -}}
{{- with $.Values.image.registry -}}{{ . }}/{{- end -}}
{{ $image.repository }}
{{- if $image.digest -}}@{{ $image.digest }}{{- else -}}:{{ $image.tag | default $.Values.image.tag | default $.Chart.AppVersion }}{{- end -}}
{{- end }}

{{/* A service's values over the defaults, as JSON. Takes (list $ "payment"). */}}
{{- define "order-saga.service" -}}
{{- $ := first . -}}
{{- mergeOverwrite (deepCopy $.Values.defaults) (deepCopy (get $.Values.services (last .))) | toJson -}}
{{- end }}

{{/* Helm reads numbers as floats and would print 86400000 as 8.64e+07. */}}
{{- define "order-saga.envValue" -}}
{{- if kindIs "float64" . -}}
{{- if eq (floor .) . -}}{{ printf "%.0f" . }}{{- else -}}{{ toString . }}{{- end -}}
{{- else -}}{{ toString . }}{{- end -}}
{{- end }}

{{/* "true" where the console runs; its values are missing under --reuse-values of a release that did not have them. Takes $. */}}
{{- define "order-saga.hasConsole" -}}
{{- if dig "console" "enabled" false .Values.operations -}}true{{- end -}}
{{- end }}

{{/* Settings by which the order service had the console in 0.1.0: accepted and without effect, see NOTES.txt. */}}
{{- define "order-saga.formerConsoleSettings" -}}
["CONSOLE", "ADMIN_TOKEN", "PAYMENT_OPS_URL", "INVENTORY_OPS_URL", "NOTIFICATION_OPS_URL"]
{{- end }}

{{/* The services, and those with a database, as JSON lists: every template reads them here. */}}
{{- define "order-saga.services" -}}["order", "payment", "inventory", "notification"]{{- end }}
{{- define "order-saga.stores" -}}["order", "payment", "inventory"]{{- end }}

{{- define "order-saga.hasDatabase" -}}
{{- if has . (include "order-saga.stores" . | fromJsonArray) -}}true{{- end -}}
{{- end }}

{{/* Where a service's database is and who knows its secrets, as JSON. Takes (list $ "payment"). */}}
{{- define "order-saga.database" -}}
{{- $ := first . -}}
{{- $service := last . -}}
{{- $sub := get $.Values (printf "%s-db" $service) -}}
{{- $external := (include "order-saga.service" . | fromJson).database -}}
{{- $cluster := printf "%s-%s-db" (include "order-saga.prefix" $) $service -}}
{{- if $sub.enabled -}}
{{- dict "host" (printf "%s-rw" $cluster) "port" 5432 "name" $sub.database "secret" (printf "%s-app" $cluster) "userKey" "username" "passwordKey" "password" "caSecret" (printf "%s-ca" $cluster) "caKey" "ca.crt" | toJson -}}
{{- else -}}
{{- if or (not $external.host) (not $external.existingSecret) -}}
{{- fail (printf "%s-db.enabled is false: set services.%s.database.host and .existingSecret." $service $service) -}}
{{- end -}}
{{- dict "host" $external.host "port" $external.port "name" ($external.name | default $sub.database) "secret" $external.existingSecret "userKey" $external.userKey "passwordKey" $external.passwordKey "caSecret" $external.caSecret "caKey" $external.caKey | toJson -}}
{{- end -}}
{{- end }}

{{/* DB_* of one service. Takes (list $ "payment"). */}}
{{- define "order-saga.databaseEnv" -}}
{{- $db := include "order-saga.database" . | fromJson -}}
- name: DB_HOST
  value: {{ $db.host | quote }}
- name: DB_PORT
  value: {{ $db.port | quote }}
- name: DB_NAME
  value: {{ $db.name | quote }}
- name: DB_USER
  valueFrom:
    secretKeyRef:
      name: {{ $db.secret }}
      key: {{ $db.userKey }}
- name: DB_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $db.secret }}
      key: {{ $db.passwordKey }}
{{- if $db.caSecret }}
- name: DB_CA_FILE
  value: /etc/order-saga/{{ last . }}-db/ca.crt
{{- end }}
{{- end }}

{{/* The certificate alone: the Secret also holds the authority's key. Takes (list $ "payment"). */}}
{{- define "order-saga.databaseVolume" -}}
{{- $db := include "order-saga.database" . | fromJson -}}
{{- if $db.caSecret -}}
- name: {{ last . }}-db-ca
  secret:
    secretName: {{ $db.caSecret }}
    items:
      - key: {{ $db.caKey }}
        path: ca.crt
{{- end }}
{{- end }}

{{- define "order-saga.databaseMount" -}}
{{- $db := include "order-saga.database" . | fromJson -}}
{{- if $db.caSecret -}}
- name: {{ last . }}-db-ca
  mountPath: /etc/order-saga/{{ last . }}-db
  readOnly: true
{{- end }}
{{- end }}

{{/* A text as a part of a URL's path, where a plus would be a plus. */}}
{{- define "order-saga.inPath" -}}
{{- urlquery . | replace "+" "%20" -}}
{{- end }}

{{/* RABBITMQ_URL with the user of its own, the password beside it as it is, and the names everybody must agree on. Takes (list $ "payment"). */}}
{{- define "order-saga.brokerEnv" -}}
{{- $ := first . -}}
{{- $user := last . -}}
{{- $messaging := $.Values.global.messaging -}}
{{- if $.Values.rabbitmq.enabled -}}
{{- $auth := $.Values.rabbitmq.auth | default dict -}}
- name: RABBITMQ_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $auth.existingSecret | default (printf "%s-rabbitmq-auth" (include "order-saga.prefix" $)) }}
      key: {{ $user }}
- name: RABBITMQ_URL
  value: amqp://{{ $user }}@{{ include "order-saga.prefix" $ }}-rabbitmq:5672/{{ include "order-saga.inPath" $messaging.vhost }}
- name: TOPOLOGY
  value: assume
{{- else -}}
- name: RABBITMQ_URL
  valueFrom:
    secretKeyRef:
      name: {{ required "rabbitmq.enabled is false: set externalBroker.existingSecret." $.Values.externalBroker.existingSecret }}
      key: {{ get $.Values.externalBroker.keys $user }}
- name: TOPOLOGY
  value: {{ $.Values.externalBroker.topology }}
{{- end }}
- name: ORDER_EXCHANGE
  value: {{ $messaging.exchange | quote }}
{{- range $service := include "order-saga.services" $ | fromJsonArray }}
- name: {{ upper $service }}_QUEUE
  value: {{ get $messaging.queues $service | quote }}
{{- end }}
- name: RETRY_DELAYS_MS
  value: {{ $delays := list }}{{ range $messaging.retryDelaysMs }}{{ $delays = append $delays (include "order-saga.envValue" .) }}{{ end }}{{ join "," $delays | quote }}
{{- end }}

{{/* Maps of values, later ones over earlier ones, as a list of variables. */}}
{{- define "order-saga.plainEnv" -}}
{{- $all := dict -}}
{{- range . -}}{{- $all = mergeOverwrite $all (deepCopy .) -}}{{- end -}}
{{- range $name, $value := $all }}
{{- if not (kindIs "invalid" $value) }}
- name: {{ $name }}
  value: {{ include "order-saga.envValue" $value | quote }}
{{- end }}
{{- end -}}
{{- end }}

{{- define "order-saga.serviceAccount" -}}
{{- $ := first . -}}
{{- $component := last . -}}
{{- $account := dict -}}
{{- if eq $component "operations" -}}{{- $account = $.Values.operations.serviceAccount -}}
{{- else -}}{{- $account = (include "order-saga.service" . | fromJson).serviceAccount -}}{{- end -}}
{{- $account.name | default (ternary (include "order-saga.name" .) "default" $account.create) -}}
{{- end }}

{{/* What all pods of this chart have. Takes (list $ podValues account). */}}
{{- define "order-saga.podBasics" -}}
{{- $ := index . 0 -}}
{{- $pod := index . 1 -}}
{{- with $.Values.image.pullSecrets }}
imagePullSecrets: {{- range . }}{{ list (dict "name" .) | toYaml | nindent 2 }}{{ end }}
{{- end }}
serviceAccountName: {{ index . 2 }}
automountServiceAccountToken: false
# A Service called payment would otherwise put PAYMENT_PORT=tcp://… into the environment.
enableServiceLinks: false
securityContext: {{- toYaml $pod.podSecurityContext | nindent 2 }}
{{- with $pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $pod.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Labels by which the network policies know who may connect where. Takes a list of names. */}}
{{- define "order-saga.uses" -}}
{{- range . }}
order-saga/uses-{{ . }}: 'true'
{{- end }}
{{- end }}

{{- define "order-saga.monitoring" -}}
{{- $enabled := toString .Values.global.monitoring.enabled -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) -}}true{{- end -}}
{{- end }}

{{/* global.monitoring.interval in milliseconds. */}}
{{- define "order-saga.scrapeIntervalMs" -}}
{{- $interval := .Values.global.monitoring.interval -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 -}}
{{- mul (regexFind "^[0-9]+" $interval) (get $units (regexFind "[a-z]+$" $interval)) -}}
{{- end }}

{{/* Why kube-score's advice is not followed, on the objects themselves. */}}
{{- define "order-saga.scoreExceptions" -}}
kube-score/ignore: container-image-pull-policy
order-saga/why-ignored: >-
  Images are pinned by version or digest, so pulling them again at each start gives nothing and makes the registry a
  condition of every restart.
{{- end }}

{{/* Pods that all services' pools together may open connections for. Takes (list $ "payment"). */}}
{{- define "order-saga.checkConnections" -}}
{{- $ := first . -}}
{{- $service := last . -}}
{{- $values := include "order-saga.service" . | fromJson -}}
{{- $sub := get $.Values (printf "%s-db" $service) | default dict -}}
{{- if $sub.enabled -}}
{{- $env := mergeOverwrite (deepCopy $.Values.env) $.Values.defaults.env $values.env -}}
{{- $pool := int (get $env "DB_POOL_MAX" | default 10) -}}
{{- $pods := ternary (int ($values.replicaCount | default 1)) (int $values.autoscaling.maxReplicas) (eq $.Values.autoscaling.provider "none") -}}
{{- $limit := int (dig "postgresql" "maxConnections" 100 $sub) -}}
{{- /* The console opens 4 at most, and there are two pods of it during a roll-out. */ -}}
{{- $others := ternary 23 15 (eq (include "order-saga.hasConsole" $) "true") -}}
{{- $need := add (mul $pool (add $pods 1)) $others -}}
{{- if gt $need $limit -}}
{{- fail (printf "%s: %d pods and one more during a roll-out, each with DB_POOL_MAX=%d, and %d for migrations, audit, console and the operator need %d connections, and %s-db.postgresql.maxConnections is %d. Raise it, or lower maxReplicas or DB_POOL_MAX." $service $pods $pool $others $need $service $limit) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The mounts and volumes of a service's database as JSON lists, empty for one without. Takes (list $ "payment"). */}}
{{- define "order-saga.mounts" -}}
{{- if include "order-saga.hasDatabase" (last .) -}}
{{- include "order-saga.databaseMount" . | fromYamlArray | default list | toJson -}}
{{- else -}}[]{{- end -}}
{{- end }}

{{- define "order-saga.volumes" -}}
{{- if include "order-saga.hasDatabase" (last .) -}}
{{- include "order-saga.databaseVolume" . | fromYamlArray | default list | toJson -}}
{{- else -}}[]{{- end -}}
{{- end }}
