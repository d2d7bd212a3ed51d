{{- define "dubjob.labels" -}}
app.kubernetes.io/name: dubjob-profiles
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- /* The labels by which a network policy selects the pods of one component. */ -}}
{{- define "dubjob.podLabels" -}}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- /* What pods with access to the network can reach: DNS, port 443 of public addresses, and the
       rules of the values. */ -}}
{{- define "dubjob.egress" -}}
{{- $ranges := dict "0.0.0.0/0" list "::/0" list }}
{{- range .excludedRanges }}
{{- $all := ternary "::/0" "0.0.0.0/0" (contains ":" .) }}
{{- $_ := set $ranges $all (append (get $ranges $all) .) }}
{{- end }}
{{- with .dnsPeers }}
- to: {{- toYaml . | nindent 4 }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}
- to:
    {{- range $all, $excluded := $ranges }}
    - ipBlock: {{- dict "cidr" $all "except" $excluded | toYaml | nindent 8 }}
    {{- end }}
  ports:
    - {protocol: TCP, port: 443}
{{- with .egress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "dubjob.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- /* The security context of a pod: user and groups are the profile's, 1000 where it has
       none. A field that is left out or null is not set, for clusters that choose it. */ -}}
{{- define "dubjob.podSecurity" -}}
{{- $ids := dict "runAsUser" 1000 "runAsGroup" 1000 "fsGroup" 1000 }}
{{- if hasKey . "securityContext" }}
{{- $ids = .securityContext | default dict }}
{{- end -}}
runAsNonRoot: true
{{- range $field, $id := $ids }}
{{- if not (kindIs "invalid" $id) }}
{{ $field }}: {{ int64 $id }}
{{- end }}
{{- end }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- /* An image that a short name stands for, else the name itself. */ -}}
{{- define "dubjob.image" -}}
{{- $images := index . 0 }}{{ $name := index . 1 }}
{{- if hasKey $images $name }}
{{- get $images $name | required (printf "images.%s is empty: set it to an image that the nodes can pull, for example --set images.%s=registry.example/dubjob/%s:1" $name $name $name) }}
{{- else }}
{{- $name }}
{{- end }}
{{- end -}}

{{- /* The short names that a profile uses and that have no image, with commas. */ -}}
{{- define "dubjob.missingImages" -}}
{{- $images := index . 0 }}{{ $spec := index . 1 }}{{ $missing := list }}
{{- range concat (list ($spec.defaults | default dict)) (values $spec.stages) }}
{{- $name := .image | default "" }}
{{- if and (hasKey $images $name) (not (get $images $name)) }}
{{- $missing = append $missing (printf "images.%s" $name) }}
{{- end }}
{{- end }}
{{- $missing | uniq | sortAlpha | join ", " }}
{{- end -}}

{{- /* The profiles whose models are pulled, with spaces. */ -}}
{{- define "dubjob.pulledProfiles" -}}
{{- if .Values.modelPull.enabled }}
{{- .Values.modelPull.profiles | default (list .Values.defaultProfile) | compact | join " " }}
{{- end }}
{{- end -}}

{{- /* A profile's spec as JSON: images for their short names, the GPU's resource for `gpu`. */ -}}
{{- define "dubjob.profile" -}}
{{- $root := index . 0 }}{{ $spec := deepCopy (index . 1) }}
{{- range $chosen := concat (list ($spec.defaults | default dict)) (values $spec.stages) }}
{{- with $chosen.image }}
{{- $_ := set $chosen "image" (include "dubjob.image" (list $root.Values.images .)) }}
{{- end }}
{{- $limits := dig "resources" "limits" dict $chosen }}
{{- if hasKey $limits "gpu" }}
{{- $_ := set $limits $root.Values.gpuResource $limits.gpu }}
{{- $_ := unset $limits "gpu" }}
{{- end }}
{{- end }}
{{- toJson $spec }}
{{- end -}}
