{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}
{{- define "msp.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "msp.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "msp.name" . -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "msp.selector" -}}
app.kubernetes.io/name: {{ include "msp.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end -}}

{{- define "msp.labels" -}}
{{ include "msp.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "msp.sandboxSelector" -}}
app.kubernetes.io/name: {{ include "msp.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: sandbox
{{- end -}}

{{- define "msp.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "msp.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "msp.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* A setting in milliseconds: the value's, or the server's own default. */}}
{{- define "msp.ms" -}}
{{- $given := get .settings .name -}}
{{- if kindIs "invalid" $given -}}{{ .default }}{{- else if eq (toString $given) "" -}}{{ .default }}{{- else -}}{{ int64 $given }}{{- end -}}
{{- end -}}

{{/*
Seconds that a drain may take: the delay, then until connections have reached their age (gRPC spreads it by a tenth), then
a second for goodbyes, then every call to its end. The drain's timeout is longer than each of them, or we stop here.
*/}}
{{- define "msp.drainSeconds" -}}
{{- $s := .Values.settings -}}
{{- $delay := int64 (include "msp.ms" (dict "settings" $s "name" "drain_delay_ms" "default" 2000)) -}}
{{- $timeout := int64 (include "msp.ms" (dict "settings" $s "name" "drain_timeout_ms" "default" 40000)) -}}
{{- $age := int64 (include "msp.ms" (dict "settings" $s "name" "connection_age_ms" "default" 10000)) -}}
{{- $call := int64 (include "msp.ms" (dict "settings" $s "name" "call_max_ms" "default" 33000)) -}}
{{- if le $timeout $call -}}
{{- fail (printf "settings.drain_timeout_ms (%d) must be above settings.call_max_ms (%d), or a drain would cut off payments" $timeout $call) -}}
{{- end -}}
{{- $reached := div (mul $age 11) 10 -}}
{{- if eq $delay 0 -}}{{- $reached = 0 -}}{{- end -}}
{{- if and (gt $reached 0) (gt (add $reached 1000) $timeout) -}}
{{- fail (printf "settings.connection_age_ms (%d): a drain of settings.drain_timeout_ms (%d) ends before connections have reached it; calls that arrive meanwhile would fail" $age $timeout) -}}
{{- end -}}
{{- div (add $delay $reached 1000 $timeout 999) 1000 -}}
{{- end -}}

{{- define "msp.graceSeconds" -}}
{{- $drain := int64 (include "msp.drainSeconds" .) -}}
{{- $given := int64 .Values.terminationGracePeriodSeconds -}}
{{- if eq $given 0 -}}
{{- add $drain 5 -}}
{{- else if le $given $drain -}}
{{- fail (printf "terminationGracePeriodSeconds (%d) must be above %d, the maximum duration of a drain, or Kubernetes kills payments in flight" $given $drain) -}}
{{- else -}}
{{- $given -}}
{{- end -}}
{{- end -}}

{{- define "msp.apiUrl" -}}
{{- if .Values.sandbox.enabled -}}
http://{{ include "msp.fullname" . }}-sandbox:8081/v1/json
{{- else -}}
{{- .Values.api.url -}}
{{- end -}}
{{- end -}}

{{/* Rejects conflicting values with one line. */}}
{{- define "msp.check" -}}
{{- if .Values.sandbox.enabled -}}
{{- if .Values.api.url -}}
{{- fail "api.url and sandbox.enabled are mutually exclusive: with the sandbox no payment reaches MultiSafepay" -}}
{{- end -}}
{{- if get .Values.settings "proxy" -}}
{{- fail "settings.proxy and sandbox.enabled are mutually exclusive: the server would look for the sandbox behind the proxy" -}}
{{- end -}}
{{- else -}}
{{- if not .Values.api.url -}}
{{- fail "api.url is required: test, live or a base URL (or sandbox.enabled for the simulator)" -}}
{{- end -}}
{{- if and (not .Values.api.existingSecret.name) (not .Values.sites.existingSecret) -}}
{{- fail "api.existingSecret.name is required: a Secret that holds the site's API key" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.api.existingSecret.name .Values.sites.existingSecret -}}
{{- fail "api.existingSecret.name and sites.existingSecret are mutually exclusive: one site, or the file of several" -}}
{{- end -}}
{{- if and .Values.tls.requireClientCertificate (not .Values.tls.existingSecret) -}}
{{- fail "tls.requireClientCertificate requires tls.existingSecret, with ca.crt in it" -}}
{{- end -}}
{{- if and .Values.redis.events (not .Values.redis.address) -}}
{{- fail "redis.events requires redis.address" -}}
{{- end -}}
{{- if and .Values.gatewayApi.enabled (not .Values.gatewayApi.parentRefs) -}}
{{- fail "gatewayApi.parentRefs is required: the Gateway of the route" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (lt (int .Values.autoscaling.maxReplicas) (int .Values.autoscaling.minReplicas)) -}}
{{- fail "autoscaling.maxReplicas is below autoscaling.minReplicas" -}}
{{- end -}}
{{- with .Values.updateStrategy -}}
{{- $none := list "0" "0%" -}}
{{- if and (has (toString .rollingUpdate.maxSurge) $none) (has (toString .rollingUpdate.maxUnavailable) $none) -}}
{{- fail "updateStrategy.rollingUpdate: maxSurge and maxUnavailable cannot both be 0, or no replica is ever replaced" -}}
{{- end -}}
{{- end -}}
{{- if and (eq .Values.dnsPolicy "None") (not .Values.dnsConfig.nameservers) -}}
{{- fail "dnsPolicy None requires dnsConfig.nameservers" -}}
{{- end -}}
{{- include "msp.checkExtras" .Values -}}
{{- end -}}

{{/* Names and paths that the chart uses. */}}
{{- define "msp.checkExtras" -}}
{{- range .extraEnv -}}
{{- if hasPrefix "MSP_" .name -}}
{{- fail (printf "extraEnv: %s is a setting of the server: use api, sites, tls, redis, webhook or settings" .name) -}}
{{- end -}}
{{- if regexMatch "^(SSLKEYLOGFILE$|GRPC_TRACE$|LD_)" .name -}}
{{- fail (printf "extraEnv: %s lets a library record or change what the server sends, including cards" .name) -}}
{{- end -}}
{{- end -}}
{{- $names := list "server" -}}
{{- range concat .initContainers .sidecars -}}
{{- if has .name $names -}}
{{- fail (printf "initContainers, sidecars: the name %s is taken" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- $names = list "key" "tls" -}}
{{- range .extraVolumes -}}
{{- if has .name $names -}}
{{- fail (printf "extraVolumes: the name %s is taken" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- range .extraVolumeMounts -}}
{{- $path := clean .mountPath -}}
{{- if or (has $path (list "/" "/etc")) (regexMatch "^/(etc/msp|usr/bin)(/|$)" $path) -}}
{{- fail (printf "extraVolumeMounts: %s would hide the program, the key or the certificate" .mountPath) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Rejects a Secret, also as an item of a List. */}}
{{- define "msp.noSecret" -}}
{{- if has (toString (get . "kind")) (list "Secret" "SecretList") -}}
{{- fail "extraObjects: a Secret would make a key a value of this chart; create it separately, or let an operator create it" -}}
{{- end -}}
{{- $items := get . "items" -}}
{{- if kindIs "slice" $items -}}
{{- range $items -}}
{{- if kindIs "map" . -}}{{- include "msp.noSecret" . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "msp.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "msp.podRestricted" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* A user's container as a list item; its securityContext defaults to the chart's. */}}
{{- define "msp.container" -}}
{{- $security := mergeOverwrite (include "msp.restricted" . | fromYaml) (default dict .securityContext) -}}
{{- list (set (deepCopy .) "securityContext" $security) | toYaml -}}
{{- end -}}

{{/* A probe: by gRPC under its own name; by HTTP if the server uses TLS, which Kubernetes' gRPC probe does not support. */}}
{{- define "msp.probe" -}}
{{- if .root.Values.tls.existingSecret -}}
httpGet:
  path: {{ ternary "/livez" "/readyz" (eq .name "liveness") }}
  port: ops
{{- else -}}
grpc:
  port: 50051
  service: {{ .name }}
{{- end }}
periodSeconds: {{ .root.Values.probes.periodSeconds }}
timeoutSeconds: {{ .root.Values.probes.timeoutSeconds }}
{{- end -}}
