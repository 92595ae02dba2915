{{/* What the pods have in common, so that silos, gateways and agents are as shut in as each other. */}}

{{- define "control.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .user }}
fsGroup: {{ .user }}
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "control.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities: { drop: [ALL] }
{{- end -}}

{{/* dict root, component, values: the beginning of a pod's spec. */}}
{{- define "control.podStart" -}}
serviceAccountName: {{ include "control.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
securityContext:
  {{- include "control.podSecurity" (dict "user" .root.Values.user) | nindent 2 }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* dict root, component, values: over nodes and zones, as well as it can be done. */}}
{{- define "control.spread" -}}
topologySpreadConstraints:
  {{- if .values.topologySpreadConstraints }}
  {{- toYaml .values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "control.selector" $ | nindent 8 }}
  {{- end }}
  {{- end }}
{{- end -}}

{{/* Runs before silos and gateways: gives them the identity as files of their own user that nobody else can read, in memory
     only. A mounted Secret cannot be that: its files belong to root, or to a group. */}}
{{- define "control.identityStep" -}}
- name: identity
  image: {{ include "control.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [install, -m, "0600", /identity/server.pem, /identity/silos.pem, /identity/secret-keys.json, /data/]
  securityContext:
    {{- include "control.containerSecurity" . | nindent 4 }}
  resources:
    requests: { cpu: 10m, memory: 16Mi }
    limits: { memory: 64Mi }
  volumeMounts:
    - { name: identity, mountPath: /identity, readOnly: true }
    - { name: data, mountPath: /data }
{{- end -}}

{{- define "control.memberVolumes" -}}
- name: identity
  secret:
    secretName: {{ include "control.identitySecret" . }}
    defaultMode: 0440
- name: data
  emptyDir: { medium: Memory, sizeLimit: 16Mi }
- name: tmp
  emptyDir: { sizeLimit: 1Gi }
{{- end -}}

{{- define "control.memberMounts" -}}
- { name: data, mountPath: /data }
- { name: tmp, mountPath: /tmp }
{{- end -}}

{{/* dict root, values: how members of the cluster find the database, Redis and each other. */}}
{{- define "control.memberEnv" -}}
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
- name: CONTROL_DATABASE
  valueFrom: { secretKeyRef: { {{ include "control.databaseKey" .root }} } }
- name: CONTROL_REDIS
  valueFrom: { secretKeyRef: { {{ include "control.redisKey" .root }} } }
{{- with .values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "control.databaseKey" -}}
{{- with .Values.database.existingSecret -}}
{{- if .name }}name: {{ .name }}, key: {{ .key }}{{ else }}name: {{ include "control.connectionsSecret" $ }}, key: database{{ end -}}
{{- end -}}
{{- end -}}

{{- define "control.redisKey" -}}
{{- with .Values.redis.existingSecret -}}
{{- if .name }}name: {{ .name }}, key: {{ .key }}{{ else }}name: {{ include "control.connectionsSecret" $ }}, key: redis{{ end -}}
{{- end -}}
{{- end -}}
