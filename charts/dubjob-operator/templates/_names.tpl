{{- define "dubjob.labels" -}}
app.kubernetes.io/name: dubjob-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "dubjob.selector" -}}
app.kubernetes.io/name: dubjob-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "dubjob.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}
