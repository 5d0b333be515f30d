{{- define "ztunnel.image" -}}
{{ .Values.hub | default .Values.global.hub }}/{{ .Values.image }}:{{ .Values.tag | default .Values.global.tag }}
{{- end }}
{{- define "ztunnel.labels" -}}
app: ztunnel
app.kubernetes.io/name: ztunnel
app.kubernetes.io/part-of: adit
{{- end }}
{{- define "ztunnel.istiod" -}}
istiod.{{ .Values.istioNamespace | default .Release.Namespace }}.svc:15012
{{- end }}
