{{/* .Chart.Name is the alias set by the umbrella chart: order-db, payment-db, inventory-db. */}}
{{- define "postgres.fullname" -}}
{{- include "common.prefix" . }}-{{ .Chart.Name -}}
{{- end }}

{{- define "postgres.labels" -}}
app.kubernetes.io/name: order-saga
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: {{ .Chart.Name | quote }}
app.kubernetes.io/part-of: order-saga
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ include "common.label" (printf "postgres-%s" .Chart.Version) }}
{{- end }}

{{- define "postgres.monitoring" -}}
{{- $enabled := toString (dig "monitoring" "enabled" "auto" (.Values.global | default dict)) -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) -}}true{{- end -}}
{{- end }}

{{- define "postgres.roles" -}}["runtime", "reader", "operator"]{{- end }}

{{/* Name of a role's Secret. Takes (list $ "runtime"). */}}
{{- define "postgres.roleSecret" -}}
{{- $ := first . -}}
{{- $names := dig "existingSecrets" dict ($.Values.roles | default dict) | default dict -}}
{{- get $names (last .) | default (printf "%s-%s" (include "postgres.fullname" $) (last .)) -}}
{{- end }}
