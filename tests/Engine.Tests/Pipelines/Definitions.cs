namespace Control.Engine.Tests.Pipelines;

/// <summary>Definitions that several tests start from.</summary>
internal static class Definitions
{
    /// <summary>Uses every key once at least; a test checks that it does.</summary>
    public const string Full = """
        description: Builds and releases
        parameters:
          VERSION: { type: string, description: What to release, default: "1.0" }
          COUNT: { type: number, default: 3 }
          FAST: { type: boolean }
          TARGET: { type: choice, choices: [test, live], default: test }
        env: { LEVEL: 3, DEBUG: true, EMPTY: "" }
        source:
          repository: https://git.example.com/team/app.git
          ref: main
          credentials: git-token
          depth: 10
        stages:
          - name: build
            jobs:
              compile:
                labels: [linux, amd64]
                env: { MODE: release }
                secrets: { TOKEN: my-secret, USER_NAME: { secret: registry, field: user }, KEY_FILE: { secret: deploy-key, file: true } }
                steps:
                  - make
                  - { name: test, run: make test, shell: bash, directory: ./sub//dir, env: { CI: 1 }, timeout: 5m }
                outputs: [TAG]
                timeout: 1h30m
                retry: { limit: 2, on: [failure, timeout, lost], delay: 10s, factor: 3, maxDelay: 1m }
                checkout: false
                lostAfter: 5m
                concurrency: compilers
                image: { name: "registry.example.org/team/builder:1", credentials: registry, cpus: 1.5, memory: 512m, pids: 100, network: none, pull: always, user: root }
                services:
                  cache: redis:7
                  db:
                    image: registry.example.org/postgres:16
                    credentials: registry
                    env: { POSTGRES_USER: app }
                    secrets: { POSTGRES_PASSWORD: { secret: database, field: password } }
                    command: [docker-entrypoint.sh, postgres]
                    args: [-c, fsync=off]
                    ready: { command: [pg_isready, -U, app], timeout: 90s }
                    cpus: 0.5
                    memory: 256m
                    pids: 200
                    pull: always
              check:
                needs: [compile]
                when: branch == 'main' && outputs.TAG != ''
                allowFailure: true
                matrix:
                  axes: { OS: [debian, alpine], ARCH: [amd64, arm64] }
                  exclude: [{ OS: alpine, ARCH: arm64 }]
                  include: [{ OS: windows, EXTRA: 1 }]
                  maxParallel: 2
                resources: { cpus: 0.5, memory: 1g, pids: 64 }
                steps: [make check]
          - name: release
            gate:
              message: Release?
              parameters:
                NOTE: { default: none }
              approvers: [anna, "scope:admin"]
              count: 2
              ownApproval: false
              deadline: 48h
              onDeadline: approve
            when: results.build.check != 'failed'
            timeout: 2h
            concurrency: { group: release, by: params.TARGET, limit: 2, onLimit: cancelOldest }
        finally:
          clean: { steps: [make clean] }
        timeout: 240h
        concurrency: { group: all, by: branch, limit: 10 }
        triggers:
          nightly: { cron: "30 2 * * 1-5", timeZone: Europe/Berlin, missed: skip, parameters: { TARGET: live, FAST: "true" }, ref: main }
        retention: { keep: 50, age: 30d, keepSucceeded: 2 }
        """;
}
