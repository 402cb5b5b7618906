{{- define "rabbitmq.operatorCluster" -}}
{{- $name := include "rabbitmq.fullname" . }}
apiVersion: rabbitmq.com/v1beta1
kind: RabbitmqCluster
metadata:
  name: {{ $name }}
  labels: {{- include "rabbitmq.labels" . | nindent 4 }}
spec:
  replicas: {{ int64 .Values.replicas }}
  image: {{ include "rabbitmq.image" . | quote }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets: {{- include "common.pullSecrets" . | nindent 4 }}
  {{- end }}
  terminationGracePeriodSeconds: {{ int64 .Values.terminationGracePeriodSeconds }}
  persistence:
    storage: {{ include "common.text" .Values.storage.size | quote }}
    {{- with .Values.storage.storageClass }}
    storageClassName: {{ . | quote }}
    {{- end }}
  resources: {{- include "common.resources" (pick .Values.resources "requests" "limits") | nindent 4 }}
  {{- with .Values.affinity }}
  affinity: {{- include "common.object" . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{- include "common.object" . | nindent 4 }}
  {{- end }}
  rabbitmq:
    additionalPlugins: {{ concat (list "rabbitmq_prometheus") (.Values.extraPlugins | default list) | uniq | toJson }}
    additionalConfig: |
      {{- include "rabbitmq.commonConf" . | nindent 6 }}
  override:
    statefulSet:
      spec:
        template:
          metadata:
            {{- /* The operator sets the other fields. */}}
            labels: {{- include "common.podLabels" (list (dict "app.kubernetes.io/instance" .Release.Name) .Values.podLabels) | nindent 14 }}
            annotations: {{- include "common.texts" (list (dict "checksum/definitions" (include "rabbitmq.definitions" . | sha256sum)) .Values.podAnnotations) | nindent 14 }}
          spec:
            {{- with .Values.nodeSelector }}
            nodeSelector: {{- include "common.texts" (list .) | nindent 14 }}
            {{- end }}
            {{- with .Values.priorityClassName }}
            priorityClassName: {{ . | quote }}
            {{- end }}
            initContainers:
              - name: prepare
                image: {{ include "rabbitmq.image" . | quote }}
                imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
                command: [/bin/bash, /prepare/config/prepare.sh, /etc/rabbitmq-definitions]
                resources: {{- include "common.resources" .Values.initResources | nindent 18 }}
                securityContext:
                  allowPrivilegeEscalation: false
                  readOnlyRootFilesystem: true
                  capabilities:
                    drop: [ALL]
                volumeMounts:
                  - name: config-source
                    mountPath: /prepare/config
                    readOnly: true
                  - name: auth
                    mountPath: /prepare/auth
                    readOnly: true
                  - name: definitions
                    mountPath: /etc/rabbitmq-definitions
            containers:
              - name: rabbitmq
                volumeMounts:
                  - name: definitions
                    mountPath: /etc/rabbitmq-definitions
                    readOnly: true
            volumes:
              - name: config-source
                configMap:
                  name: {{ $name }}-config
              - name: auth
                secret:
                  secretName: {{ include "rabbitmq.authSecret" . | quote }}
              - name: definitions
                emptyDir:
                  medium: Memory
                  sizeLimit: 4Mi
{{- end }}
