{{- define "statusbot.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- define "statusbot.labels" -}}
app.kubernetes.io/name: statusbot
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "statusbot.members" -}}
{{- $name := include "statusbot.name" . -}}
{{- range $i := until (int .Values.members) -}}
{{- if $i }},{{ end -}}
{{ $name }}-{{ $i }}.{{ $name }}-members.{{ $.Release.Namespace }}.svc:7946
{{- end -}}
{{- end -}}
