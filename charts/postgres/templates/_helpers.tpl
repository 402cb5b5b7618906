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

{{/* The image with its tag, from which the operator reads PostgreSQL's major version; `digest` replaces a digest in `name`. */}}
{{- define "postgres.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ splitList "@" .name | first }}@{{ .digest }}{{- else -}}{{ .name }}{{- end -}}
{{- end -}}
{{- end }}

{{/*
"annotation" or "field": how to request failover by quorum; empty: not at all. The field exists since the operator 1.28;
for an API server that does not know it, the object is invalid. The annotation has the same effect on 1.28 to 1.30, so it
is the choice when the version is unknown. The kind DatabaseRole exists since 1.30. With two instances the only standby has
all acknowledged commits, and 1.27 rejects the annotation.
*/}}
{{- define "postgres.failoverQuorum" -}}
{{- $version := include "common.text" (.Values.operatorVersion | default "") -}}
{{- if and .Values.synchronous.enabled (ne (toString .Values.synchronous.failoverQuorum) "false") (gt (int .Values.instances) 2) -}}
{{- if $version -}}{{ ternary "annotation" "field" (eq (regexFind "^[0-9]+\\.[0-9]+" $version) "1.27") }}
{{- else -}}{{ ternary "field" "annotation" (.Capabilities.APIVersions.Has "postgresql.cnpg.io/v1/DatabaseRole") }}{{- end -}}
{{- end -}}
{{- end }}
