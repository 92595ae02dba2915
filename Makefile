# Control's commands. `make help` lists them.
SHELL := /bin/sh
GRAIN_RUNTIME ?= Embedded
CONFIGURATION := Release
DATA ?= .control/data
LISTEN ?= 127.0.0.1:7443
OUT := artifacts/$(GRAIN_RUNTIME)/bin
# Says what it builds and, only when that fails, everything the compiler said.
build_project = echo "building $(1)" >&2; out=$$(dotnet build $(1) -c $(CONFIGURATION) -p:GrainRuntime=$(GRAIN_RUNTIME) \
	-v quiet --nologo 2>&1) || { printf '%s\n' "$$out"; exit 1; }
# All but the one that make e2e runs.
TESTS := $(filter-out tests/Cluster.Tests,$(sort $(wildcard tests/*.Tests)))
# The suites that run again on clusters of two silos.
CLUSTERED := tests/Grains.Tests:2 tests/Scenarios.Tests:2 tests/Crash.Tests:2

# The suites that run again on PostgreSQL: the storage's own, and the grains' on one engine.
POSTGRES_Embedded := tests/Storage.Tests:postgres tests/Grains.Tests:postgres
# What SECOND=1 leaves out, for the gate's second engine: suites in which no grain is called, and the crashes of a lone silo,
# which run on two of them.
ALIKE := tests/Agent.Tests tests/Chaos.Tests tests/Cli.Tests tests/Crash.Tests tests/Engine.Tests tests/Kubernetes.Tests tests/Runtime.CodeGen.Tests tests/Storage.Tests

# One build at a time in this file, whatever -j says: every target builds the same solution.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup build run cluster test demo chart kube e2e bench chaos check clean
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export GRAIN_RUNTIME CONFIGURATION

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## installs what is missing to build and test
	@build/setup

build: setup ## builds everything
	@$(call build_project,Control.sln)

run: setup ## starts the server with an agent inside, on embedded storage; DATA=folder LISTEN=ip:port
	@$(call build_project,src/Cli)
	@CONTROL_PROGRAM=bin/control exec $(OUT)/Cli/release/control server run --data $(DATA) --listen $(LISTEN) --seed

cluster: setup ## starts Redis, PostgreSQL, 3 silos, 2 gateways and 3 agents on loopback, to play with: build/cluster says how
	@build/setup cluster
	@$(call build_project,src/Cli)
	@build/cluster up

test: build ## runs every suite that needs no Kubernetes
	@build/setup test
	@build/test $(if $(SECOND),$(filter-out $(ALIKE),$(TESTS)),$(TESTS)) $(CLUSTERED) $(POSTGRES_$(GRAIN_RUNTIME))

demo: setup ## runs the sample pipeline on a real Git repository, headless; exits 0 only on success
	@$(call build_project,samples/Demo)
	@$(OUT)/Demo/release/Control.Demo samples/notes

chart: ## checks the Helm chart, without a cluster
	@build/chart

kube: setup ## starts a real Kubernetes and a shell beside it, to play with; compiles Kubernetes the first time
	@build/kube

e2e: setup ## the suites on a real Kubernetes: its API, and the chart grown, shrunk and upgraded under running pipelines; compiles Kubernetes the first time
	@$(call build_project,tests/Cluster.Tests)
	@build/kube build/test tests/Cluster.Tests; api=$$?; build/e2e && exit $$api

bench: setup ## prints "name value unit" lines, of both engines where both can be had; BENCH="run spawn load postgres grain remote failover adoption spread busy storage" chooses
	@build/bench $(BENCH)

chaos: setup ## kills, pauses and cuts off silos, agents, Redis and PostgreSQL under load and checks the history; CHAOS_MINUTES=3 CHAOS_SEED=n
	@build/setup test
	@$(call build_project,tests/Chaos)
	@exec $(OUT)/Chaos/release/Control.Chaos

check: setup ## formatting, analyzers, import table, contract listings
	@build/check

clean: ## removes everything that was built
	@rm -rf artifacts
