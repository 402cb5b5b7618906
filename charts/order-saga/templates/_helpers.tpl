{{/* Object name: prefix and component. Takes (list $ "payment"). */}}
{{- define "order-saga.name" -}}
{{- include "common.prefix" (first .) }}-{{ last . -}}
{{- end }}

{{/* Takes (list $ component). */}}
{{- define "order-saga.selector" -}}
{{- $ := first . -}}
app.kubernetes.io/name: order-saga
app.kubernetes.io/instance: {{ $.Release.Name | quote }}
app.kubernetes.io/component: {{ last . | quote }}
{{- end }}

{{- define "order-saga.labels" -}}
{{- $ := first . -}}
{{ include "order-saga.selector" . }}
app.kubernetes.io/part-of: order-saga
app.kubernetes.io/version: {{ include "common.label" ($.Values.image.tag | default $.Chart.AppVersion) }}
app.kubernetes.io/managed-by: {{ $.Release.Service | quote }}
helm.sh/chart: {{ include "common.label" (printf "%s-%s" $.Chart.Name $.Chart.Version) }}
{{- end }}

{{/* Labels of an object selected by a monitoring stack. Takes (list $ component). */}}
{{- define "order-saga.monitoringLabels" -}}
{{- include "common.texts" (list (include "order-saga.labels" . | fromYaml) (first .).Values.global.monitoring.labels) -}}
{{- end }}

{{/* Takes (list $ image). */}}
{{- define "order-saga.image" -}}
{{- $ := first . -}}
{{- $image := last . -}}
{{- with $.Values.image.registry -}}{{ . }}/{{- end -}}
{{ $image.repository }}
{{- if $image.digest -}}@{{ $image.digest }}{{- else -}}:{{ $image.tag | default $.Values.image.tag | default $.Chart.AppVersion }}{{- end -}}
{{- end }}

{{/* Fails if an image of the release has no digest but must have one. Takes $. */}}
{{- define "order-saga.checkDigests" -}}
{{- $images := list -}}
{{- range include "order-saga.services" . | fromJsonArray -}}
{{- $image := (include "order-saga.service" (list $ .) | fromJson).image -}}
{{- $images = append $images (dict "key" (printf "services.%s.image.digest" .) "image" (include "order-saga.image" (list $ $image))) -}}
{{- end -}}
{{- $images = append $images (dict "key" "operations.image.digest" "image" (include "order-saga.image" (list $ .Values.operations.image))) -}}
{{- if .Values.rabbitmq.enabled -}}
{{- $images = append $images (dict "key" "rabbitmq.image.digest" "image" (include "rabbitmq.image" (dict "Values" .Values.rabbitmq))) -}}
{{- end -}}
{{- range include "order-saga.stores" . | fromJsonArray -}}
{{- $database := get $.Values (printf "%s-db" .) -}}
{{- if $database.enabled -}}
{{- $images = append $images (dict "key" (printf "%s-db.image.digest" .) "image" (include "postgres.image" (dict "Values" $database))) -}}
{{- end -}}
{{- end -}}
{{- range $index, $object := .Values.extraObjects -}}
{{- range splitList "\n---" (tpl (kindIs "string" $object | ternary $object (toYaml $object)) $) -}}
{{- range include "order-saga.imagesIn" (fromYaml .) | fromJsonArray -}}
{{- $images = append $images (dict "key" (printf "the image in extraObjects[%d]" $index) "image" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "common.requireDigests" (list . $images) -}}
{{- end }}

{{/* The images of all containers in an object, as a JSON list. */}}
{{- define "order-saga.imagesIn" -}}
{{- $images := list -}}
{{- if kindIs "map" . -}}
{{- range $key, $value := . -}}
{{- if and (kindIs "slice" $value) (has $key (list "containers" "initContainers" "ephemeralContainers")) -}}
{{- range $value -}}{{- $images = append $images (toString .image) -}}{{- end -}}
{{- else -}}{{- $images = concat $images (include "order-saga.imagesIn" $value | fromJsonArray) -}}{{- end -}}
{{- end -}}
{{- else if kindIs "slice" . -}}
{{- range . -}}{{- $images = concat $images (include "order-saga.imagesIn" . | fromJsonArray) -}}{{- end -}}
{{- end -}}
{{- toJson $images -}}
{{- end }}

{{/* Values of a service merged over the defaults, as JSON; an empty key inherits the default. Takes (list $ "payment"). */}}
{{- define "order-saga.service" -}}
{{- $ := first . -}}
{{- $values := include "order-saga.defaults" $ | fromJson -}}
{{- range $key, $value := get $.Values.services (last .) -}}
{{- if kindIs "map" $value -}}{{- $_ := set $values $key (mergeOverwrite (get $values $key | default dict) (deepCopy $value)) -}}
{{- else if not (kindIs "invalid" $value) -}}{{- $_ := set $values $key $value -}}{{- end -}}
{{- end -}}
{{- toJson $values -}}
{{- end }}

{{/* The defaults as JSON, with empty maps and lists for keys that a values file sets to null. */}}
{{- define "order-saga.defaults" -}}
{{- $values := dict -}}
{{- range list "env" "secretEnv" "podLabels" "podAnnotations" "nodeSelector" "networkPolicy" "resources" "initResources" "podSecurityContext" "securityContext" -}}
{{- $_ := set $values . dict -}}
{{- end -}}
{{- range list "nodeArgs" "extraVolumes" "extraVolumeMounts" "tolerations" "topologySpreadKeys" -}}{{- $_ := set $values . list -}}{{- end -}}
{{- mergeOverwrite $values .Values.defaults | toJson -}}
{{- end }}

{{/* "true" if the console is enabled; its values are absent under --reuse-values of an older release. Takes $. */}}
{{- define "order-saga.hasConsole" -}}
{{- if dig "console" "enabled" false .Values.operations -}}true{{- end -}}
{{- end }}

{{/* Whether a program reads the services' metrics and the broker's management API: the console and the toolbox do. */}}
{{- define "order-saga.hasInspection" -}}
{{- if or .Values.operations.toolbox.enabled (include "order-saga.hasConsole" .) -}}true{{- end -}}
{{- end }}

{{/* Console settings of the order service in 0.1.0: accepted without effect, see NOTES.txt. */}}
{{- define "order-saga.formerConsoleSettings" -}}
["CONSOLE", "ADMIN_TOKEN", "PAYMENT_OPS_URL", "INVENTORY_OPS_URL", "NOTIFICATION_OPS_URL"]
{{- end }}

{{/* The services, and the services with a database, as JSON lists. */}}
{{- define "order-saga.services" -}}["order", "payment", "inventory", "notification"]{{- end }}
{{- define "order-saga.stores" -}}["order", "payment", "inventory"]{{- end }}

{{- define "order-saga.hasDatabase" -}}
{{- if has . (include "order-saga.stores" . | fromJsonArray) -}}true{{- end -}}
{{- end }}

{{/* Address of a service's database, names of its Secrets, and its logins by role, as JSON; no roles: the owner's login serves all. Takes (list $ "payment"). */}}
{{- define "order-saga.database" -}}
{{- $ := first . -}}
{{- $service := last . -}}
{{- $sub := get $.Values (printf "%s-db" $service) -}}
{{- $external := (include "order-saga.service" . | fromJson).database -}}
{{- $cluster := printf "%s-%s-db" (include "common.prefix" $) $service -}}
{{- $logins := dict -}}
{{- if $sub.enabled -}}
{{- $keys := dict "userKey" "username" "passwordKey" "password" -}}
{{- $_ := set $logins "owner" (merge (dict "secret" (printf "%s-app" $cluster)) $keys) -}}
{{- $secrets := dig "existingSecrets" dict ($sub.roles | default dict) | default dict -}}
{{- range $role := list "runtime" "reader" "operator" -}}
{{- $_ := set $logins $role (merge (dict "secret" (get $secrets $role | default (printf "%s-%s" $cluster $role))) $keys) -}}
{{- end -}}
{{- dict "host" (printf "%s-rw" $cluster) "port" 5432 "name" $sub.database "logins" $logins "caSecret" (printf "%s-ca" $cluster) "caKey" "ca.crt" | toJson -}}
{{- else -}}
{{- if or (not $external.host) (not $external.existingSecret) -}}
{{- fail (printf "%s-db.enabled is false: set services.%s.database.host and .existingSecret." $service $service) -}}
{{- end -}}
{{- $keys := dict "userKey" $external.userKey "passwordKey" $external.passwordKey -}}
{{- $_ := set $logins "owner" (merge (dict "secret" $external.existingSecret) $keys) -}}
{{- $secrets := $external.roleSecrets | default dict -}}
{{- range $role := list "runtime" "reader" "operator" -}}
{{- with get $secrets $role -}}{{- $_ := set $logins $role (merge (dict "secret" .) $keys) -}}{{- end -}}
{{- end -}}
{{- if not (has (len $logins) (list 1 4)) -}}
{{- fail (printf "services.%s.database.roleSecrets: set runtime, reader and operator, or none of them." $service) -}}
{{- end -}}
{{- dict "host" $external.host "port" $external.port "name" ($external.name | default $sub.database) "logins" $logins "createRoles" ($external.createRoles | default false) "caSecret" $external.caSecret "caKey" $external.caKey | toJson -}}
{{- end -}}
{{- end }}

{{/* A variable from a Secret. Takes (list name secret key). */}}
{{- define "order-saga.fromSecret" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 | quote }}
      key: {{ index . 2 | quote }}
{{- end }}

{{/* User and password of a role, or of the owner if the database has no roles. Takes (list database role prefix). */}}
{{- define "order-saga.loginEnv" -}}
{{- $login := get (first .).logins (index . 1) | default (first .).logins.owner -}}
{{- include "order-saga.fromSecret" (list (printf "%s_USER" (last .)) $login.secret $login.userKey) }}
{{ include "order-saga.fromSecret" (list (printf "%s_PASSWORD" (last .)) $login.secret $login.passwordKey) }}
{{- end }}

{{/* DB_* of one service. Takes (list $ "payment" role). */}}
{{- define "order-saga.databaseEnv" -}}
{{- $db := include "order-saga.database" (list (first .) (index . 1)) | fromJson -}}
- name: DB_HOST
  value: {{ $db.host | quote }}
- name: DB_PORT
  value: {{ $db.port | quote }}
- name: DB_NAME
  value: {{ $db.name | quote }}
{{ include "order-saga.loginEnv" (list $db (last .) "DB") }}
{{- if $db.caSecret }}
- name: DB_CA_FILE
  value: /etc/order-saga/{{ index . 1 }}-db/ca.crt
{{- end }}
{{- end }}

{{/* DB_* of a migration: the owner's login, and the roles. Takes (list $ "payment"). */}}
{{- define "order-saga.migrationEnv" -}}
{{- $db := include "order-saga.database" . | fromJson -}}
{{- include "order-saga.databaseEnv" (list (first .) (last .) "owner") }}
{{- range $role, $login := omit $db.logins "owner" }}
{{ include "order-saga.fromSecret" (list (printf "DB_%s_USER" (upper $role)) $login.secret $login.userKey) }}
{{- if $db.createRoles }}
{{ include "order-saga.fromSecret" (list (printf "DB_%s_PASSWORD" (upper $role)) $login.secret $login.passwordKey) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Mounts only the certificate, because the Secret also contains the CA's private key. Takes (list $ "payment"). */}}
{{- define "order-saga.databaseVolume" -}}
{{- $db := include "order-saga.database" . | fromJson -}}
{{- if $db.caSecret -}}
- name: {{ last . }}-db-ca
  secret:
    secretName: {{ $db.caSecret | quote }}
    items:
      - key: {{ $db.caKey | quote }}
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

{{/* A text encoded for a URL path, where a plus sign is literal. */}}
{{- define "order-saga.inPath" -}}
{{- urlquery . | replace "+" "%20" -}}
{{- end }}

{{/* RABBITMQ_URL with the service's user, the password as a separate variable, and the shared names. Takes (list $ "payment"). */}}
{{- define "order-saga.brokerEnv" -}}
{{- $ := first . -}}
{{- $user := last . -}}
{{- $messaging := $.Values.global.messaging -}}
{{- if $.Values.rabbitmq.enabled -}}
{{- $auth := $.Values.rabbitmq.auth | default dict -}}
- name: RABBITMQ_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $auth.existingSecret | default (printf "%s-rabbitmq-auth" (include "common.prefix" $)) | quote }}
      key: {{ $user }}
- name: RABBITMQ_URL
  value: amqp://{{ $user }}@{{ include "common.prefix" $ }}-rabbitmq:5672/{{ include "order-saga.inPath" $messaging.vhost }}
- name: TOPOLOGY
  value: assume
{{- else -}}
- name: RABBITMQ_URL
  valueFrom:
    secretKeyRef:
      name: {{ required "rabbitmq.enabled is false: set externalBroker.existingSecret." $.Values.externalBroker.existingSecret | quote }}
      key: {{ get $.Values.externalBroker.keys $user | quote }}
- name: TOPOLOGY
  value: {{ $.Values.externalBroker.topology | quote }}
{{- end }}
- name: ORDER_EXCHANGE
  value: {{ $messaging.exchange | quote }}
{{- range $service := include "order-saga.services" $ | fromJsonArray }}
- name: {{ upper $service }}_QUEUE
  value: {{ get $messaging.queues $service | quote }}
{{- end }}
{{- $delays := list }}
{{- $last := 0 }}
{{- range $messaging.retryDelaysMs }}
{{- if le (int64 .) $last }}{{ fail (printf "global.messaging.retryDelaysMs must increase: %d follows %d." (int64 .) $last) }}{{ end }}
{{- $last = int64 . }}
{{- $delays = append $delays (include "common.text" .) }}
{{- end }}
- name: RETRY_DELAYS_MS
  value: {{ join "," $delays | quote }}
{{- end }}

{{/* "true" if callers need access tokens; the values are absent under --reuse-values of an older release. Takes $. */}}
{{- define "order-saga.hasAuth" -}}
{{- if eq (toString (.Values.auth | default dict).mode) "jwt" -}}true{{- end -}}
{{- end }}

{{/* AUTH_* of a program that verifies tokens. Takes $. */}}
{{- define "order-saga.authEnv" -}}
{{- if include "order-saga.hasAuth" . -}}
{{- with .Values.auth -}}
- name: AUTH_MODE
  value: jwt
- name: AUTH_ISSUER
  value: {{ .issuer | quote }}
- name: AUTH_AUDIENCE
  value: {{ .audience | quote }}
- name: AUTH_JWKS_URL
  value: {{ .jwksUrl | quote }}
- name: AUTH_ALGORITHMS
  value: {{ join "," .algorithms | quote }}
- name: AUTH_CUSTOMER_CLAIM
  value: {{ .customerClaim | quote }}
- name: AUTH_CLOCK_TOLERANCE_MS
  value: {{ include "common.text" .clockToleranceMs | quote }}
{{- end -}}
{{- else -}}[]{{- end -}}
{{- end }}

{{/* Whether a service verifies tokens. Takes its name. */}}
{{- define "order-saga.usesIssuer" -}}
{{- if has . (list "order" "inventory") -}}true{{- end -}}
{{- end }}

{{/* Minimum and maximum replicas of a service, and whether an autoscaler is enabled, as JSON. Takes (list $ "payment"). */}}
{{- define "order-saga.pods" -}}
{{- $values := include "order-saga.service" . | fromJson -}}
{{- $scaling := $values.autoscaling -}}
{{- $count := 1 -}}
{{- if not (kindIs "invalid" $values.replicaCount) -}}{{- $count = $values.replicaCount -}}{{- end -}}
{{- if and $scaling.enabled (ne (first .).Values.autoscaling.provider "none") -}}
{{- dict "scaled" true "least" $scaling.minReplicas "most" $scaling.maxReplicas | toJson -}}
{{- else -}}
{{- dict "scaled" false "least" $count "most" $count | toJson -}}
{{- end -}}
{{- end }}

{{/* Merged maps as a list of variables; later maps take precedence. */}}
{{- define "order-saga.plainEnv" -}}
{{- $all := dict -}}
{{- range . -}}{{- $all = mergeOverwrite $all (deepCopy (. | default dict)) -}}{{- end -}}
{{- range $name, $value := $all }}
{{- if not (kindIs "invalid" $value) }}
- name: {{ $name | quote }}
  value: {{ include "common.text" $value | quote }}
{{- end }}
{{- end -}}
{{- end }}

{{/* Variables from Secrets as a list. Takes a map of {secret, key}; null removes a variable set by an earlier values file. */}}
{{- define "order-saga.secretEnv" -}}
{{- range $name, $from := . }}
{{- if $from }}
- name: {{ $name | quote }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secret | quote }}
      key: {{ $from.key | quote }}
{{- end }}
{{- end -}}
{{- end }}

{{/* Merges lists of variables: the last value of a name, at the position of the first. Takes a list of YAML texts. */}}
{{- define "order-saga.mergedEnv" -}}
{{- $names := list -}}
{{- $variables := dict -}}
{{- range . -}}
{{- range . | fromYamlArray -}}
{{- $names = append $names .name -}}
{{- $_ := set $variables .name . -}}
{{- end -}}
{{- end -}}
{{- $merged := list -}}
{{- range $names | uniq -}}{{- $merged = append $merged (get $variables .) -}}{{- end -}}
{{- toYaml $merged -}}
{{- end }}

{{- define "order-saga.serviceAccount" -}}
{{- $ := first . -}}
{{- $component := last . -}}
{{- $account := dict -}}
{{- if eq $component "operations" -}}{{- $account = $.Values.operations.serviceAccount -}}
{{- else -}}{{- $account = (include "order-saga.service" . | fromJson).serviceAccount -}}{{- end -}}
{{- $account.name | default (ternary (include "order-saga.name" .) "default" $account.create) -}}
{{- end }}

{{/* Takes (list path probeValues). */}}
{{- define "order-saga.probe" -}}
{{- merge (dict "httpGet" (dict "path" (first .) "port" "ops")) (last .) | toYaml -}}
{{- end }}

{{/* Labels and annotations of a pod. Takes (list $ ownLabels podValues ownAnnotations). */}}
{{- define "order-saga.podMetadata" -}}
{{- $pod := index . 2 -}}
labels: {{- include "common.podLabels" (list (index . 1) (first .).Values.podLabels $pod.podLabels) | nindent 2 }}
{{- with include "common.texts" (list (last .) $pod.podAnnotations) }}
annotations: {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Fields common to all pods of this chart. Takes (list $ podValues account). */}}
{{- define "order-saga.podBasics" -}}
{{- $ := index . 0 -}}
{{- $pod := index . 1 -}}
{{- with $.Values.image.pullSecrets }}
imagePullSecrets: {{- include "common.pullSecrets" . | nindent 2 }}
{{- end }}
serviceAccountName: {{ index . 2 | quote }}
automountServiceAccountToken: false
# Service links of a Service named payment would set PAYMENT_PORT=tcp://….
enableServiceLinks: false
securityContext: {{- include "common.object" $pod.podSecurityContext | nindent 2 }}
{{- with $pod.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $pod.nodeSelector }}
nodeSelector: {{- include "common.texts" (list .) | nindent 2 }}
{{- end }}
{{- with $pod.tolerations }}
tolerations: {{- include "common.object" . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Labels selected by the network policies. Takes a list of names. */}}
{{- define "order-saga.uses" -}}
{{- range . }}
order-saga/uses-{{ . }}: 'true'
{{- end }}
{{- end }}

{{- define "order-saga.monitoring" -}}
{{- $enabled := toString .Values.global.monitoring.enabled -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) -}}true{{- end -}}
{{- end }}

{{/* global.monitoring.interval in milliseconds, within the limits of GAUGE_INTERVAL_MS. */}}
{{- define "order-saga.scrapeIntervalMs" -}}
{{- $interval := .Values.global.monitoring.interval -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 -}}
{{- mul (regexFind "^[0-9]+" $interval) (get $units (regexFind "[a-z]+$" $interval)) | max 100 | min 300000 -}}
{{- end }}

{{/* Annotations that disable kube-score checks, with the reason. */}}
{{- define "order-saga.scoreExceptions" -}}
kube-score/ignore: container-image-pull-policy
order-saga/why-ignored: >-
  Images are pinned by version or digest. With the policy Always every restart would depend on the registry.
{{- end }}

{{/* Fails if the connection pools of a service can exceed max_connections. Takes (list $ "payment"). */}}
{{- define "order-saga.checkConnections" -}}
{{- $ := first . -}}
{{- $service := last . -}}
{{- $values := include "order-saga.service" . | fromJson -}}
{{- $sub := get $.Values (printf "%s-db" $service) | default dict -}}
{{- if $sub.enabled -}}
{{- $env := mergeOverwrite (deepCopy ($.Values.env | default dict)) $values.env -}}
{{- $reads := ternary (int (get $env "DB_READ_POOL_MAX" | default 2)) 0 (has $service (list "order" "inventory")) -}}
{{- $pool := add (int (get $env "DB_POOL_MAX" | default 10)) $reads -}}
{{- $pods := int (include "order-saga.pods" . | fromJson).most -}}
{{- $limit := int (dig "postgresql" "maxConnections" 100 $sub) -}}
{{- /* The console opens at most 4 connections per pod, and has two pods during a rollout. */ -}}
{{- $others := ternary 23 15 (eq (include "order-saga.hasConsole" $) "true") -}}
{{- $need := add (mul $pool (add $pods 1)) $others -}}
{{- if gt $need $limit -}}
{{- fail (printf "%s: %d pods plus one during a rollout with %d connections each (DB_POOL_MAX and DB_READ_POOL_MAX), and %d connections for migrations, audit, console and the operator require %d connections, but %s-db.postgresql.maxConnections is %d. Increase it, or decrease maxReplicas, DB_POOL_MAX or DB_READ_POOL_MAX." $service $pods $pool $others $need $service $limit) -}}
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
