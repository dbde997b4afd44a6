{{- define "amazon-capi.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* Short enough for a StatefulSet's pods and for the suffix of a ConfigMap. */ -}}
{{- define "amazon-capi.fullname" -}}
{{- $name := include "amazon-capi.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "amazon-capi.selector" -}}
app.kubernetes.io/name: {{ include "amazon-capi.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "amazon-capi.labels" -}}
{{ include "amazon-capi.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "amazon-capi.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "amazon-capi.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "amazon-capi.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "amazon-capi.hasAccounts" -}}
{{- if or .Values.accounts.file .Values.accounts.configMap -}}yes{{- end -}}
{{- end -}}

{{- define "amazon-capi.hasGuard" -}}
{{- if ne (toString (get .Values.config "dead-letter-guard" | default "off")) "off" -}}yes{{- end -}}
{{- end -}}

{{- /* What a pod must not start without, unless the environment has it. */ -}}
{{- define "amazon-capi.complete" -}}
{{- $c := .Values.config -}}
{{- range $file, $from := .Values.secretFiles -}}
{{- if hasKey $.Values.secretSettings $file -}}
{{- fail (printf "secretFiles and secretSettings both have %s: want another name for one of the files" $file) -}}
{{- end -}}
{{- end -}}
{{- if not .Values.env -}}
{{- if not (or (get $c "brokers") (get .Values.secretSettings "kafka-properties")) -}}
{{- fail "config.brokers is empty: want the brokers, host:port" -}}
{{- end -}}
{{- if not (or (get $c "registry") (get $c "glue-region")) -}}
{{- fail "config.registry is empty: want the schema registry's URL, or config.glue-region" -}}
{{- end -}}
{{- if not (or (include "amazon-capi.hasAccounts" .) (get .Values.secretSettings "api-token-file") (get $c "client-id")) -}}
{{- fail "no Amazon account: want config.client-id with secretSettings.client-secret-file and secretSettings.refresh-token-file, or accounts" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The file of --config: the settings, and where the chart has put files. */ -}}
{{- define "amazon-capi.config" -}}
{{- $c := deepCopy .Values.config -}}
{{- range $setting, $from := .Values.secretSettings -}}
{{- $_ := set $c $setting (printf "/run/secrets/amazon-capi/%s" $setting) -}}
{{- end -}}
{{- if include "amazon-capi.hasAccounts" . -}}
{{- $_ := set $c "accounts" "/etc/amazon-capi/accounts.yaml" -}}
{{- end -}}
{{- if include "amazon-capi.hasGuard" . -}}
{{- $_ := set $c "dead-letter-guard-resume" "/etc/amazon-capi/resume" -}}
{{- end -}}
{{- toYaml $c -}}
{{- end -}}

{{- /* A stop waits for --drain, then commits, leaves the group and closes. */ -}}
{{- define "amazon-capi.grace" -}}
{{- $zero := toDate "2006-01-02" "2000-01-01" -}}
{{- $drain := get .Values.config "drain" | default "25s" | trimPrefix "-" -}}
{{- $end := mustDateModify $drain $zero -}}
{{- add (sub (unixEpoch $end) (unixEpoch $zero)) 20 -}}
{{- end -}}

{{- /* Nine tenths of a quantity such as 512Mi, in bytes. */ -}}
{{- define "amazon-capi.gomemlimit" -}}
{{- $limit := . -}}
{{- if not (kindIs "string" $limit) -}}{{- $limit = int64 $limit | toString -}}{{- end -}}
{{- $number := regexFind "^[0-9]+([.][0-9]+)?" $limit -}}
{{- $factors := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $unit := trimPrefix $number $limit -}}
{{- if or (not $number) (not (hasKey $factors $unit)) -}}
{{- fail (printf "resources.limits.memory is %q: want a number with Ki, Mi, Gi, k, M or G" $limit) -}}
{{- end -}}
{{- mulf (float64 $number) (get $factors $unit) 0.9 | floor | int64 -}}
{{- end -}}

{{- /* The TCP ports of the addresses in the settings, one a line. */ -}}
{{- define "amazon-capi.egressPorts" -}}
{{- $c := .Values.config -}}
{{- $ports := dict "443" true -}}
{{- $brokers := get $c "brokers" | default "" -}}
{{- if kindIs "slice" $brokers -}}{{- $brokers = join "," $brokers -}}{{- end -}}
{{- range compact (splitList "," $brokers) -}}
{{- $_ := set $ports (regexFind ":[0-9]+$" (trim .) | trimPrefix ":" | default "9092") true -}}
{{- end -}}
{{- range $setting := list "registry" "amazon-url" "token-url" "registry-token-url" "sasl-oauth-token-url" "glue-endpoint" "aws-sts-endpoint" -}}
{{- $urls := get $c $setting | default "" -}}
{{- if kindIs "slice" $urls -}}{{- $urls = join "," $urls -}}{{- end -}}
{{- range compact (splitList "," $urls) -}}
{{- $url := urlParse (trim .) -}}
{{- $_ := set $ports (regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (eq $url.scheme "http" | ternary "80" "443")) true -}}
{{- end -}}
{{- end -}}
{{- range .Values.networkPolicy.egressPorts -}}{{- $_ := set $ports (int . | toString) true -}}{{- end -}}
{{- keys $ports | sortAlpha | join "\n" -}}
{{- end -}}

{{- define "amazon-capi.query" -}}
{{- if .Values.autoscaling.query -}}
{{- .Values.autoscaling.query -}}
{{- else -}}
sum(max by (topic, partition, state) (amazon_capi_backlog_records{namespace={{ .Release.Namespace | quote }}, service={{ include "amazon-capi.fullname" . | quote }}, state!="parked"}))
{{- end -}}
{{- end -}}
