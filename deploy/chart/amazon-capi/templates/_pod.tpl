{{- /* The pods, the same for both kinds of workload. */ -}}
{{- define "amazon-capi.pod" -}}
metadata:
  labels:
    {{- include "amazon-capi.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Pods are replaced when these files change; what is noticed while running is not here.
    checksum/config: {{ printf "%s%s" (include "amazon-capi.config" .) (toYaml .Values.files) | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "amazon-capi.serviceAccount" . }}
  automountServiceAccountToken: false
  # A Service named amazon-capi would put AMAZON_CAPI_... variables into the environment.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "amazon-capi.grace" . }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: amazon-capi
      image: {{ include "amazon-capi.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run, --config, /etc/amazon-capi/config.yaml]
      env:
        # Probes and Prometheus come from outside the pod. The image sets this variable, too,
        # and it would win over the file.
        - name: AMAZON_CAPI_LISTEN
          value: {{ printf ":%d" (int .Values.port) | quote }}
        {{- if eq .Values.workload "StatefulSet" }}
        - name: AMAZON_CAPI_INSTANCE_ID
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        {{- end }}
        {{- with get (get .Values.resources "limits" | default dict) "memory" }}
        - name: GOMEMLIMIT
          value: {{ include "amazon-capi.gomemlimit" . | quote }}
        {{- end }}
        {{- with .Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: http
          containerPort: {{ int .Values.port }}
      # A restart mends a process that hangs, and nothing that /readyz waits for.
      startupProbe:
        httpGet: {path: /livez, port: http}
        periodSeconds: 2
        timeoutSeconds: 4
        failureThreshold: 30
      livenessProbe:
        httpGet: {path: /livez, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
        timeoutSeconds: 4
        failureThreshold: 3
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        # Whole folders: a file that is mounted by its own would never change.
        - name: config
          mountPath: /etc/amazon-capi
          readOnly: true
        {{- if or .Values.secretSettings .Values.secretFiles }}
        - name: secrets
          mountPath: /run/secrets/amazon-capi
          readOnly: true
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      projected:
        sources:
          - configMap:
              name: {{ include "amazon-capi.fullname" . }}
          {{- if or .Values.accounts.file (include "amazon-capi.hasGuard" .) }}
          - configMap:
              name: {{ include "amazon-capi.fullname" . }}-reloaded
          {{- end }}
          {{- with .Values.accounts.configMap }}
          - configMap:
              name: {{ . }}
              items:
                - {key: accounts.yaml, path: accounts.yaml}
          {{- end }}
    {{- if or .Values.secretSettings .Values.secretFiles }}
    - name: secrets
      projected:
        defaultMode: 288 # 0440: the program's group, which is fsGroup
        sources:
          {{- range $file, $from := merge (deepCopy .Values.secretSettings) .Values.secretFiles }}
          - secret:
              name: {{ $from.secret }}
              items:
                - {key: {{ $from.key | quote }}, path: {{ $file | quote }}}
          {{- end }}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  topologySpreadConstraints:
    {{- if .Values.topologySpreadConstraints }}
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "amazon-capi.selector" . | nindent 10 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
