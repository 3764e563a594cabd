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
{{- if not (has (int .Values.members) (list 1 3)) -}}
{{- fail "members: write 1 or 3" -}}
{{- end -}}
