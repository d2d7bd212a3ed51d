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

{{- define "dubjob.image" -}}
{{- with .Values.image }}
{{- .repository | required "image.repository is empty: set it to an operator image that the nodes can pull, for example --set image.repository=registry.example/dubjob/operator --set-string image.tag=1" }}:{{ .tag | default $.Chart.AppVersion }}
{{- with .digest }}@{{ . }}{{ end }}
{{- end }}
{{- end -}}

{{- define "dubjob.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* Permissions of the operator in the namespaces with DubJobs. */ -}}
{{- define "dubjob.rules" -}}
- apiGroups: [dubjob.dev]
  resources: [dubjobs, dubprofiles]
  verbs: [list, watch]
- apiGroups: [dubjob.dev]
  resources: [dubjobs/status, dubprofiles/status]
  verbs: [update]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
{{- if .Values.readProgress }}
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
{{- end }}
{{- if .Values.readWorkloads }}
- apiGroups: [kueue.x-k8s.io]
  resources: [workloads]
  verbs: [list]
- apiGroups: [visibility.kueue.x-k8s.io]
  resources: [localqueues/pendingworkloads]
  verbs: [get]
{{- end }}
- apiGroups: [""]
  resources: [events]
  verbs: [list, create]
{{- end -}}
