{{- define "rabbitmq.fullname" -}}
{{- include "common.prefix" . }}-rabbitmq
{{- end }}

{{- define "rabbitmq.authSecret" -}}
{{- .Values.auth.existingSecret | default (printf "%s-auth" (include "rabbitmq.fullname" .)) -}}
{{- end }}

{{/* The keys of that Secret, as a JSON list. */}}
{{- define "rabbitmq.secretKeys" -}}
{{- concat (list "admin") (include "rabbitmq.services" . | fromJsonArray) (list "operations" "monitoring" "erlang-cookie") | toJson -}}
{{- end }}

{{/* "true" where passwords are generated, which auth.generate must allow. */}}
{{- define "rabbitmq.generatesPasswords" -}}
{{- $missing := list -}}
{{- range include "rabbitmq.secretKeys" . | fromJsonArray -}}
{{- if not (get ($.Values.auth.passwords | default dict) .) -}}{{- $missing = append $missing . -}}{{- end -}}
{{- end -}}
{{- if and $missing (not .Values.auth.existingSecret) -}}
{{- if not (dig "generate" true .Values.auth) -}}
{{- fail (printf "rabbitmq.auth.generate is false: set rabbitmq.auth.existingSecret, or rabbitmq.auth.passwords with all keys (without one: %s)." (join ", " $missing)) -}}
{{- end -}}
true
{{- end -}}
{{- end }}

{{/* "true" where they differ at the next rendering: `lookup` of a list finds nothing at all only without a cluster. */}}
{{- define "rabbitmq.changingPasswords" -}}
{{- if include "rabbitmq.generatesPasswords" . -}}
{{- if not (or (lookup "v1" "Secret" .Release.Namespace (include "rabbitmq.authSecret" .)) (lookup "v1" "Secret" .Release.Namespace "")) -}}true{{- end -}}
{{- end -}}
{{- end }}

{{- define "rabbitmq.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "rabbitmq.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end }}

{{/* The operator gives its pods a name of its own, which its StatefulSet is bound to. */}}
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

{{/* The services with a queue and a user of their own, as a JSON list. */}}
{{- define "rabbitmq.services" -}}["order", "payment", "inventory", "notification"]{{- end }}

{{/* Names, exchange and delays as the services have them; alone, without the umbrella, the defaults. */}}
{{- define "rabbitmq.messaging" -}}
{{- $default := dict
  "vhost" "/"
  "exchange" "order.topic"
  "queues" (dict "order" "order_queue" "payment" "payment_queue" "inventory" "inventory_queue" "notification" "notification_queue")
  "retryDelaysMs" (list 1000 5000 15000 45000) -}}
{{- mergeOverwrite $default (deepCopy ((.Values.global).messaging | default dict)) | toJson -}}
{{- end }}

{{/* A quantity of memory or disk in bytes. */}}
{{- define "rabbitmq.bytes" -}}
{{- include "common.quantity" . | float64 | int64 -}}
{{- end }}

{{/* Whether monitoring objects are made: values win, "auto" asks the cluster. */}}
{{- define "rabbitmq.monitoring" -}}
{{- $enabled := toString (dig "monitoring" "enabled" "auto" (.Values.global | default dict)) -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) -}}true{{- end -}}
{{- end }}

{{/* 4.3 has no partition strategies any more; before it, a minority must not go on alone. A tag without a minor is the newest. */}}
{{- define "rabbitmq.hasPartitionHandling" -}}
{{- $version := regexFind "^4\\.[0-9]+" .Values.image.tag -}}
{{- if and $version (semverCompare "<4.3" (printf "%s.0" $version)) -}}true{{- end -}}
{{- end }}
