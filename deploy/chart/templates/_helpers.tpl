{{- define "headns.labels" -}}
app.kubernetes.io/name: headns
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "headns.corefile" -}}
{{- if .Values.corefile }}
{{- .Values.corefile }}
{{- else -}}
.:53 {
    errors
    health {
       lameduck {{ .Values.lameduck }}
    }
    ready
    kubernetes {{ .Values.clusterDomain }} in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . {{ join " " .Values.forward }} {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
{{ end }}
{{- end }}

{{- /* One line of HEADNS_SET each. */}}
{{- define "headns.settings" -}}
{{- if not (has .Values.endpoints (list "pods" "slices")) }}
{{- fail "endpoints is pods or slices" }}
{{- end }}
{{- if eq .Values.endpoints "slices" }}
kubernetes.endpoints=slices
{{- end }}
{{- if .Values.snapshot }}
kubernetes.snapshot=/var/lib/headns/snapshot
{{- end }}
{{- range $key, $value := .Values.settings }}
kubernetes.{{ $key }}{{ if $value }}={{ $value }}{{ end }}
{{- end }}
{{- end }}
