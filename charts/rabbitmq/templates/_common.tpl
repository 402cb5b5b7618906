{{/*
Templates shared by the charts of this repository. Each chart contains a copy, so that it renders standalone; a test
compares the copies.
*/}}

{{/* Prefix of all object names. 34 characters leave room for the longest name, that of a migration Job. */}}
{{- define "common.prefix" -}}
{{- $prefix := (.Values.global).nameOverride | default .Release.Name -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,32}[a-z0-9])?$" $prefix) -}}
{{- fail (printf "The names of all objects begin with the release's name or global.nameOverride, so %q must have at most 34 lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen." $prefix) -}}
{{- end -}}
{{- $prefix -}}
{{- end }}

{{/*
A valid label value, quoted: at most 63 characters, with a letter or digit at both ends. Removes the digest of an image
tag, and replaces invalid characters such as the + in a chart version.
*/}}
{{- define "common.label" -}}
{{- $text := regexReplaceAll "[^A-Za-z0-9_.-]" (splitList "@" (toString .) | first) "_" -}}
{{- regexReplaceAll "^[^A-Za-z0-9]+|[^A-Za-z0-9]+$" (regexReplaceAll "^[^A-Za-z0-9]+" $text "" | trunc 63) "" | quote -}}
{{- end }}

{{/* A scalar as text. Helm parses numbers of a values file as floats and prints 86400000 as 8.64e+07. */}}
{{- define "common.text" -}}
{{- if kindIs "float64" . -}}
{{- if eq (floor .) . -}}{{ printf "%.0f" . }}{{- else -}}{{ regexReplaceAll "0+$" (printf "%.12f" .) "" }}{{- end -}}
{{- else -}}{{ toString . }}{{- end -}}
{{- end }}

{{/* Merged maps as YAML with string values; later maps take precedence, null removes a key. Takes a list of maps. */}}
{{- define "common.texts" -}}
{{- $all := dict -}}
{{- range . -}}
{{- range $key, $value := . -}}
{{- if kindIs "invalid" $value -}}{{- $all = omit $all $key -}}{{- else -}}{{- $_ := set $all $key (include "common.text" $value) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- with $all -}}{{- toYaml . -}}{{- end -}}
{{- end }}

{{/* An object or list of the Kubernetes API from the values, as YAML, with strings where the API requires strings. */}}
{{- define "common.object" -}}
{{- (include "common.strings" . | fromJson).value | toYaml -}}
{{- end }}

{{- define "common.strings" -}}
{{- $maps := list "matchLabels" "nodeSelector" "labels" "annotations" "parameters" "connectionParameters" "volumeAttributes" "tags" "historyTags" -}}
{{- $fields := list "value" "name" "namespace" "key" "path" "subPath" "secretName" "claimName" "sizeLimit" "storage" "source" "database" "owner" "backupID" "targetTLI" "targetXID" "targetLSN" "targetName" "targetTime" -}}
{{- $result := . -}}
{{- if kindIs "map" . -}}
{{- $result = dict -}}
{{- range $key, $value := . -}}
{{- if kindIs "invalid" $value -}}
{{- else if and (kindIs "map" $value) (has $key $maps) -}}
{{- $_ := set $result $key (include "common.texts" (list $value) | fromYaml) -}}
{{- else if and (has $key $fields) (not (or (kindIs "map" $value) (kindIs "slice" $value))) -}}
{{- $_ := set $result $key (include "common.text" $value) -}}
{{- else if and (eq $key "values") (kindIs "slice" $value) -}}
{{- $texts := list -}}
{{- range $value -}}{{- $texts = append $texts (include "common.text" .) -}}{{- end -}}
{{- $_ := set $result $key $texts -}}
{{- else -}}
{{- $_ := set $result $key (include "common.strings" $value | fromJson).value -}}
{{- end -}}
{{- end -}}
{{- else if kindIs "slice" . -}}
{{- $result = list -}}
{{- range . -}}{{- $result = append $result (include "common.strings" . | fromJson).value -}}{{- end -}}
{{- end -}}
{{- dict "value" $result | toJson -}}
{{- end }}

{{/* Names of Secrets as imagePullSecrets. */}}
{{- define "common.pullSecrets" -}}
{{- $references := list -}}
{{- range . | uniq -}}{{- $references = append $references (dict "name" .) -}}{{- end -}}
{{- toYaml $references -}}
{{- end }}

{{/* Fails if global.production.requireDigests is set and an image has no digest. Takes (list $ images), each {key, image}. */}}
{{- define "common.requireDigests" -}}
{{- if (((first .).Values.global).production).requireDigests -}}
{{- $missing := list -}}
{{- range last . -}}
{{- if not (regexMatch "@sha256:[0-9a-f]{64}$" .image) -}}{{- $missing = append $missing (printf "%s (the image is %s)" .key .image) -}}{{- end -}}
{{- end -}}
{{- with $missing -}}
{{- fail (printf "global.production.requireDigests is true: set %s to a digest, sha256: and 64 hexadecimal digits." (join ", " .)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Pod labels: the chart's own and additional ones, which must not override selector labels. Takes (list own additional…). */}}
{{- define "common.podLabels" -}}
{{- range $labels := rest . -}}
{{- range $key, $_ := $labels -}}
{{- if or (has $key (list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component")) (hasPrefix "order-saga/" $key) -}}
{{- fail (printf "podLabels must not have %s: the chart selects its pods by this label." $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "common.texts" . -}}
{{- end }}

{{/* A Kubernetes quantity as a number with three decimals. */}}
{{- define "common.quantity" -}}
{{- $units := dict "" 1 "m" 0.001 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $text := include "common.text" . -}}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?" $text -}}
{{- mulf (float64 $number) (get $units (trimPrefix $number $text)) | printf "%.3f" -}}
{{- end }}

{{/* Resource requests and limits of a container, with quantities as strings. */}}
{{- define "common.resources" -}}
{{- $resources := dict -}}
{{- with get (. | default dict) "claims" -}}{{- $_ := set $resources "claims" . -}}{{- end -}}
{{- range $part := list "requests" "limits" -}}
{{- with include "common.texts" (list (get ($ | default dict) $part | default dict)) -}}{{- $_ := set $resources $part (fromYaml .) -}}{{- end -}}
{{- end -}}
{{- range $name, $request := $resources.requests -}}
{{- $limit := get ($resources.limits | default dict) $name -}}
{{- if and $limit (gt (include "common.quantity" $request | float64) (include "common.quantity" $limit | float64)) -}}
{{- fail (printf "resources: the request of %s (%s) exceeds its limit (%s)." $name $request $limit) -}}
{{- end -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end }}
