{{- define "dubjob.labels" -}}
app.kubernetes.io/name: dubjob-profiles
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "dubjob.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* The security context of a pod that writes volumes: the profile's user and groups. */ -}}
{{- define "dubjob.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user | default 1000 }}
runAsGroup: {{ .group | default 1000 }}
fsGroup: {{ .fsGroup | default 1000 }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- /* An image that a short name stands for, else the name itself. */ -}}
{{- define "dubjob.image" -}}
{{- $images := index . 0 }}{{ $name := index . 1 }}
{{- get $images $name | default $name }}
{{- end -}}

{{- /* A profile's spec as JSON: images for their short names, the GPU's resource for `gpu`. */ -}}
{{- define "dubjob.profile" -}}
{{- $root := index . 0 }}{{ $spec := deepCopy (index . 1) }}
{{- range $stage, $chosen := $spec.stages }}
{{- $_ := set $chosen "image" (include "dubjob.image" (list $root.Values.images $chosen.image)) }}
{{- $limits := dig "resources" "limits" dict $chosen }}
{{- if hasKey $limits "gpu" }}
{{- $_ := set $limits $root.Values.gpuResource $limits.gpu }}
{{- $_ := unset $limits "gpu" }}
{{- end }}
{{- end }}
{{- toJson $spec }}
{{- end -}}
