{{- define "rabbitmq.statefulset" -}}
{{- $name := include "rabbitmq.fullname" . }}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels: {{- include "rabbitmq.labels" . | nindent 4 }}
  annotations:
    # 999 is the user of the image; it must own the volume and the cookie.
    kube-score/ignore: container-security-context-user-group-id,container-image-pull-policy
    order-saga/why-ignored: >-
      The image's files belong to user 999. Images are pinned by version or digest. With the policy Always every restart
      would depend on the registry.
spec:
  replicas: {{ int64 .Values.replicas }}
  serviceName: {{ $name }}-nodes
  # With OrderedReady, a stopped cluster cannot start, because each node waits for its peers.
  podManagementPolicy: Parallel
  selector:
    matchLabels: {{- include "rabbitmq.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "common.podLabels" (list (include "rabbitmq.labels" . | fromYaml) .Values.podLabels) | nindent 8 }}
      {{- /* Restarts the nodes: definitions and settings are read at startup. */}}
      {{- $own := dict
        "kubectl.kubernetes.io/default-container" "rabbitmq"
        "checksum/config" (printf "%s%s%s" (include "rabbitmq.definitions" .) (include "rabbitmq.conf" .) (.Files.Get "files/prepare.sh") | sha256sum)
        "checksum/passwords" (.Values.auth.passwords | default dict | toJson | sha256sum) }}
      annotations: {{- include "common.texts" (list $own .Values.podAnnotations) | nindent 8 }}
    spec:
      {{- with .Values.image.pullSecrets }}
      imagePullSecrets: {{- include "common.pullSecrets" . | nindent 8 }}
      {{- end }}
      serviceAccountName: {{ include "rabbitmq.serviceAccount" . | quote }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ int64 .Values.terminationGracePeriodSeconds }}
      {{- with .Values.priorityClassName }}
      priorityClassName: {{ . | quote }}
      {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector: {{- include "common.texts" (list .) | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations: {{- include "common.object" . | nindent 8 }}
      {{- end }}
      affinity:
        {{- with .Values.affinity }}
        {{- include "common.object" . | nindent 8 }}
        {{- else }}
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels: {{- include "rabbitmq.selector" . | nindent 20 }}
        {{- end }}
      {{- /* Absent under --reuse-values of an older release. */}}
      {{- $user := dict "runAsNonRoot" true "runAsUser" 999 "runAsGroup" 999 "fsGroup" 999 "seccompProfile" (dict "type" "RuntimeDefault") }}
      securityContext: {{- include "common.object" (.Values.podSecurityContext | default $user) | nindent 8 }}
      initContainers:
        - name: prepare
          image: {{ include "rabbitmq.image" . | quote }}
          imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
          command: [/bin/bash, /prepare/config/prepare.sh, /etc/rabbitmq]
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: NODES_SERVICE
              value: {{ $name }}-nodes.{{ .Release.Namespace }}
            - name: REPLICAS
              value: {{ .Values.replicas | quote }}
          resources: {{- include "common.resources" .Values.initResources | nindent 12 }}
          securityContext: &restricted
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
            - name: config
              mountPath: /etc/rabbitmq
            - name: home
              mountPath: /var/lib/rabbitmq
            - name: data
              mountPath: /var/lib/rabbitmq/mnesia
            - name: tmp
              mountPath: /tmp
      containers:
        - name: rabbitmq
          image: {{ include "rabbitmq.image" . | quote }}
          imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: RABBITMQ_USE_LONGNAME
              value: 'true'
            - name: RABBITMQ_NODENAME
              value: rabbit@$(POD_NAME).{{ $name }}-nodes.{{ .Release.Namespace }}
            - name: RABBITMQ_MNESIA_BASE
              value: /var/lib/rabbitmq/mnesia
          ports:
            - name: amqp
              containerPort: 5672
            - name: management
              containerPort: 15672
            - name: prometheus
              containerPort: 15692
            - name: epmd
              containerPort: 4369
            - name: distribution
              containerPort: 25672
          # No liveness probe: a node that waits for its peers or has an alarm must not be restarted.
          startupProbe:
            tcpSocket:
              port: amqp
            periodSeconds: {{ int64 .Values.startupProbe.periodSeconds }}
            failureThreshold: {{ int64 .Values.startupProbe.failureThreshold }}
          readinessProbe:
            tcpSocket:
              port: amqp
            periodSeconds: {{ int64 .Values.readinessProbe.periodSeconds }}
            failureThreshold: {{ int64 .Values.readinessProbe.failureThreshold }}
          lifecycle:
            preStop:
              exec:
                command:
                  - /bin/bash
                  - -c
                  - |
                    {{- if gt (int .Values.replicas) 1 }}
                    # Wait until no queue would lose its majority, at most 60 s because all nodes may be stopping.
                    rabbitmq-upgrade -t 60 await_online_quorum_plus_one
                    {{- end }}
                    rabbitmq-upgrade -t 60 drain
          resources: {{- include "common.resources" .Values.resources | nindent 12 }}
          securityContext: *restricted
          volumeMounts:
            - name: config
              mountPath: /etc/rabbitmq
            - name: home
              mountPath: /var/lib/rabbitmq
            - name: data
              mountPath: /var/lib/rabbitmq/mnesia
            - name: tmp
              mountPath: /tmp
      volumes:
        - name: config-source
          configMap:
            name: {{ $name }}-config
        - name: auth
          secret:
            secretName: {{ include "rabbitmq.authSecret" . | quote }}
        - name: config
          emptyDir:
            medium: Memory
            sizeLimit: 4Mi
        - name: home
          emptyDir:
            sizeLimit: 32Mi
        - name: tmp
          emptyDir:
            sizeLimit: 64Mi
  volumeClaimTemplates:
    - metadata:
        name: data
        labels: {{- include "rabbitmq.selector" . | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with .Values.storage.storageClass }}
        storageClassName: {{ . | quote }}
        {{- end }}
        resources:
          requests:
            storage: {{ include "common.text" .Values.storage.size | quote }}
{{- end }}
