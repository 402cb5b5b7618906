{{/*
Rules that the charts of this repository share. Each chart has the same file, so that each also renders alone; a test
compares the copies.
*/}}

{{/*
A label's value, quoted: at most 63 characters, with a letter or digit at both ends. The digest of an image's tag is left
out, and so is every character that the API refuses, such as the + of a chart's version.
*/}}
{{- define "common.label" -}}
{{- $text := regexReplaceAll "[^A-Za-z0-9_.-]" (splitList "@" (toString .) | first) "_" -}}
{{- regexReplaceAll "^[^A-Za-z0-9]+|[^A-Za-z0-9]+$" (regexReplaceAll "^[^A-Za-z0-9]+" $text "" | trunc 63) "" | quote -}}
{{- end }}
