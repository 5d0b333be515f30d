{{- define "istiod.image" -}}
{{ .Values.hub | default .Values.global.hub }}/{{ .Values.image }}:{{ .Values.tag | default .Values.global.tag }}
{{- end }}
{{- define "istiod.waypointImage" -}}
{{ .Values.hub | default .Values.global.hub }}/{{ .Values.global.proxy.image }}:{{ .Values.tag | default .Values.global.tag }}
{{- end }}
{{- define "istiod.labels" -}}
app: istiod
istio: pilot
istio.io/rev: default
app.kubernetes.io/name: istiod
app.kubernetes.io/part-of: adit
{{- end }}
