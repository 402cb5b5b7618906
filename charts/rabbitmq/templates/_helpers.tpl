{{- define "rabbitmq.fullname" -}}
{{- include "common.prefix" . }}-rabbitmq
{{- end }}

{{- define "rabbitmq.authSecret" -}}
{{- .Values.auth.existingSecret | default (printf "%s-auth" (include "rabbitmq.fullname" .)) -}}
{{- end }}

{{/* The keys of the Secret as a JSON list. */}}
{{- define "rabbitmq.secretKeys" -}}
{{- concat (list "admin") (include "rabbitmq.services" . | fromJsonArray) (list "operations" "monitoring" "erlang-cookie") | toJson -}}
{{- end }}

{{/* "true" if passwords are generated; fails unless auth.generate is set. */}}
{{- define "rabbitmq.generatesPasswords" -}}
{{- $missing := list -}}
{{- range include "rabbitmq.secretKeys" . | fromJsonArray -}}
{{- if not (get ($.Values.auth.passwords | default dict) .) -}}{{- $missing = append $missing . -}}{{- end -}}
{{- end -}}
{{- if and $missing (not .Values.auth.existingSecret) -}}
{{- if not (dig "generate" true .Values.auth) -}}
{{- fail (printf "rabbitmq.auth.generate is false: set rabbitmq.auth.existingSecret, or rabbitmq.auth.passwords with all keys (missing: %s)." (join ", " $missing)) -}}
{{- end -}}
true
{{- end -}}
{{- end }}

{{/* "true" if generated passwords change at each rendering: `lookup` of a list is empty only without a cluster. */}}
{{- define "rabbitmq.changingPasswords" -}}
{{- if include "rabbitmq.generatesPasswords" . -}}
{{- if not (or (lookup "v1" "Secret" .Release.Namespace (include "rabbitmq.authSecret" .)) (lookup "v1" "Secret" .Release.Namespace "")) -}}true{{- end -}}
{{- end -}}
{{- end }}

{{- define "rabbitmq.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "rabbitmq.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end }}

{{/* Selector of the nodes. The operator sets app.kubernetes.io/name of its pods, so that mode omits it. */}}
{{- define "rabbitmq.selector" -}}
{{- if eq .Values.mode "statefulset" -}}
app.kubernetes.io/name: order-saga
{{ end -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: rabbitmq
{{- end }}

{{- define "rabbitmq.labels" -}}
app.kubernetes.io/name: order-saga
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: rabbitmq
app.kubernetes.io/part-of: order-saga
app.kubernetes.io/version: {{ include "common.label" .Values.image.tag }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ include "common.label" (printf "%s-%s" .Chart.Name .Chart.Version) }}
{{- end }}

{{- define "rabbitmq.image" -}}
{{- with .Values.image -}}
{{- with .registry -}}{{ . }}/{{- end -}}
{{ .repository }}
{{- if .digest -}}@{{ .digest }}{{- else -}}:{{ .tag }}{{- end -}}
{{- end -}}
{{- end }}

{{/* The services as a JSON list; each has a queue and a user. */}}
{{- define "rabbitmq.services" -}}["order", "payment", "inventory", "notification"]{{- end }}

{{/* global.messaging; the defaults if the chart is installed standalone. */}}
{{- define "rabbitmq.messaging" -}}
{{- $default := dict
  "vhost" "/"
  "exchange" "order.topic"
  "queues" (dict "order" "order_queue" "payment" "payment_queue" "inventory" "inventory_queue" "notification" "notification_queue")
  "retryDelaysMs" (list 1000 5000 15000 45000) -}}
{{- mergeOverwrite $default (deepCopy ((.Values.global).messaging | default dict)) | toJson -}}
{{- end }}

{{/* A quantity of memory or storage in bytes. */}}
{{- define "rabbitmq.bytes" -}}
{{- include "common.quantity" . | float64 | int64 -}}
{{- end }}

{{/* Whether to create monitoring objects; "auto" checks the cluster's API versions. */}}
{{- define "rabbitmq.monitoring" -}}
{{- $enabled := toString (dig "monitoring" "enabled" "auto" (.Values.global | default dict)) -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) -}}true{{- end -}}
{{- end }}

{{/* RabbitMQ 4.3 removed partition handling strategies; earlier versions pause a minority. A tag without a minor is the latest. */}}
{{- define "rabbitmq.hasPartitionHandling" -}}
{{- $version := regexFind "^4\\.[0-9]+" .Values.image.tag -}}
{{- if and $version (semverCompare "<4.3" (printf "%s.0" $version)) -}}true{{- end -}}
{{- end }}
