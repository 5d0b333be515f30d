{{- define "cni.image" -}}
{{ .Values.hub | default .Values.global.hub }}/{{ .Values.image }}:{{ .Values.tag | default .Values.global.tag }}
{{- end }}
{{- define "cni.labels" -}}
k8s-app: istio-cni-node
app.kubernetes.io/name: istio-cni-node
app.kubernetes.io/part-of: adit
{{- end }}
{{/* Where distributions of Kubernetes keep what others keep in the usual places. */}}
{{- define "cni.binDir" -}}
{{- $known := dict "gke" "/home/kubernetes/bin" "k3d" "/bin" "k3s" "/var/lib/rancher/k3s/data/cni" "microk8s" "/var/snap/microk8s/current/opt/cni/bin" -}}
{{ .Values.cniBinDir | default (get $known .Values.global.platform) | default "/opt/cni/bin" }}
{{- end }}
{{- define "cni.confDir" -}}
{{- $k3s := "/var/lib/rancher/k3s/agent/etc/cni/net.d" -}}
{{- $known := dict "k3d" $k3s "k3s" $k3s "microk8s" "/var/snap/microk8s/current/args/cni-network" -}}
{{ .Values.cniConfDir | default (get $known .Values.global.platform) | default "/etc/cni/net.d" }}
{{- end }}
{{- define "cni.netnsDir" -}}
{{- $known := dict "minikube" "/var/run/docker/netns" -}}
{{ .Values.cniNetnsDir | default (get $known .Values.global.platform) | default "/var/run/netns" }}
{{- end }}
