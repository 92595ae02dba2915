{{/* The release's name is the beginning of all names; short enough that suffixes fit. */}}
{{- define "control.name" -}}
{{- if contains "control" .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-control" .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "control.selector" -}}
app.kubernetes.io/name: control
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "control.labels" -}}
{{ include "control.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "control.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (ternary (include "control.name" .) "default" .Values.serviceAccount.create) }}
{{- end -}}

{{/* An image of the one registry: dict root, repository, tag, digest. */}}
{{- define "control.imageOf" -}}
{{- with .root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ .repository }}{{ with .tag }}:{{ . }}{{ end }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}

{{- define "control.image" -}}
{{ include "control.imageOf" (dict "root" . "repository" .Values.image.repository "tag" (.Values.image.tag | default .Chart.AppVersion) "digest" .Values.image.digest) }}
{{- end -}}

{{- define "control.identitySecret" -}}
{{ .Values.identity.existingSecret | default (printf "%s-identity" (include "control.name" .)) }}
{{- end -}}

{{- define "control.connectionsSecret" -}}
{{ include "control.name" . }}-connections
{{- end -}}

{{/* A secret of the chart's own that is made once: what the cluster has, else a random one. dict root, secret, key, make. */}}
{{- define "control.kept" -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .secret -}}
{{- if and $found (hasKey $found.data .key) -}}
{{ index $found.data .key }}
{{- else -}}
{{ .make | b64enc }}
{{- end -}}
{{- end -}}
