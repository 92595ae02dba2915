{{/* What a schema cannot say; every template that needs it includes it, so that nothing half-made is installed. */}}
{{- define "control.checks" -}}
{{- $v := .Values -}}
{{- if and (not $v.database.connection) (not $v.database.existingSecret.name) (not $v.trial.postgresql.enabled) -}}
{{- fail "database: name the PostgreSQL that holds all state with database.existingSecret.name or database.connection (or trial.postgresql.enabled=true to try Control out)." -}}
{{- end -}}
{{- if and (not $v.redis.connection) (not $v.redis.existingSecret.name) (not $v.trial.redis.enabled) -}}
{{- fail "redis: name the Redis in which silos find each other with redis.existingSecret.name or redis.connection (or trial.redis.enabled=true to try Control out)." -}}
{{- end -}}
{{- if and (gt (int $v.agents.replicas) 0) (not $v.agents.joinTokensSecret) -}}
{{- fail "agents.joinTokensSecret: name the Secret with a join token for each agent, under the keys agent-0, agent-1, …; 'control agent join-token' makes them." -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.host) -}}
{{- fail "ingress.host: name the host under which people and agents reach the gateways." -}}
{{- end -}}
{{- end -}}
