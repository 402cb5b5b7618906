# One recipe line runs each long-lived program directly, so that signals to make reach it.
.DEFAULT_GOAL := help
.PHONY: help up demo env token status test test-unit test-all api-fuzz mutants mutation model simulate compose-test lint typecheck build audit drill charts charts-golden charts-docs charts-topology dashboards e2e e2e-keda e2e-ha e2e-watch operators kind-up kind-down dev-loop-test chaos overload saga bench bench-growth bench-scale bench-sweep bench-reads bench-guard release digests version vocabulary
.NOTPARALLEL:

installed := install
local := tools/dev/dist

# Settings of the shell that would change what npm installs or which script it runs; those about its connection stay. The
# processes of make up get the documented settings only (tools/dev/src/environment.ts).
npm_connection := ^npm_config_(registry|(https?_)?proxy|noproxy|ca|cafile|cert|key|strict_ssl|cache|userconfig|globalconfig|offline|prefer_offline|fetch_.*|maxsockets|_.*|.*:_.*)$$
unexport NODE_ENV NODE_PATH NODE_USE_ENV_PROXY CDPATH \
  $(shell env | awk -F= 'tolower($$1) ~ /^npm_config_/ && tolower($$1) !~ /$(npm_connection)/ { print $$1 }')

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

up: build ## Start everything here, until Ctrl-C: PostgreSQL, RabbitMQ, the four services, the console
	@node $(local)/up-main.js

demo: build ## Start everything, drive orders through all four flows, show the outcomes, audit, stop
	@node $(local)/demo-main.js

env: ## Print the running system's addresses as shell assignments; use it with -s
	@if [ -f $(local)/env-main.js ]; then node $(local)/env-main.js; \
	else echo 'Nothing runs: start it with make up.' >&2; exit 1; fi

token: ## Print an access token for a system of make up AUTH_MODE=jwt; SCOPE, CUSTOMER, SUBJECT; use it with -s
	@if [ -f $(local)/token-main.js ]; then SCOPE='$(SCOPE)' CUSTOMER='$(CUSTOMER)' SUBJECT='$(SUBJECT)' \
	node $(local)/token-main.js; else echo 'Nothing runs: start it with make up AUTH_MODE=jwt.' >&2; exit 1; fi

status: ## Show the running system's processes
	@if [ -f $(local)/status-main.js ]; then node $(local)/status-main.js; \
	else echo 'Nothing runs: start it with make up.' >&2; exit 1; fi

audit: build ## Check the running system's invariants
	@addresses=$$(node $(local)/env-main.js) && set -a && eval "$$addresses" && node services/operations/dist/audit-main.js

drill: build ## Drive orders through the flows of the running system, and audit it
	@addresses=$$(node $(local)/env-main.js) && set -a && eval "$$addresses" && node services/operations/dist/drill-main.js

saga: build ## Operate the running system: make saga ARGS="dead-letters list"; docs/saga-command.md
	@addresses=$$(node $(local)/env-main.js) && set -a && eval "$$addresses" && node services/operations/dist/saga-main.js $(ARGS)

# JOBS: how many test files run side by side.
run_tests := node --conditions=source --import=tsx tests/support/runner/run-tests-main.ts

test-unit: build ## Run the tests that need no server
	@$(run_tests) unit

test: build ## Run the quick tests, which cover every guarantee, on servers that start and stop with them; JOBS
	@$(run_tests) quick

test-all: build ## Run all tests, also the slow ones: seeds, model, long queues, browser, make up; then chaos and overload
	@$(run_tests) all
	@SEED='$(SEED)' MINUTES=2 node --conditions=source --import=tsx tests/chaos/chaos-main.ts
	@MINUTES=1 node --conditions=source --import=tsx tests/chaos/overload/overload-main.ts

mutants: build ## Break each guarantee by a small change, and demand that its test fails; ONLY=name,name
	@ONLY='$(ONLY)' node --conditions=source --import=tsx tests/mutants/main.ts

mutation: $(installed) ## Measure the mutation score of the pure decisions by StrykerJS; at least 95 %
	@npm run --silent mutation

model: $(installed) ## Explore all reachable states of one order, and show that the check detects defective variants
	@node --conditions=source --import=tsx tests/model/main.ts

chaos: build ## Inject faults for MINUTES under RATE orders/s, then check every order; SEED repeats a schedule
	@SEED='$(SEED)' MINUTES='$(MINUTES)' RATE='$(RATE)' \
	node --conditions=source --import=tsx tests/chaos/chaos-main.ts

overload: build ## Send more orders than the system can complete for MINUTES; check refusals, memory and recovery
	@MINUTES='$(MINUTES)' CLIENTS='$(CLIENTS)' MAX_OPEN_ORDERS='$(MAX_OPEN_ORDERS)' \
	node --conditions=source --import=tsx tests/chaos/overload/overload-main.ts

bench: build ## Measure throughput, latency and cost, and the servers alone; SECONDS, OPEN, RATE, JSON_FILE; needs Linux
	@SECONDS='$(SECONDS)' OPEN='$(OPEN)' RATE='$(RATE)' SEED='$(SEED)' JSON_FILE='$(JSON_FILE)' \
	node --conditions=source --import=tsx tools/bench/src/bench-main.ts

bench-growth: build ## The same on full tables: ORDERS, PUBLISHED, BACKLOG, SOAK_MINUTES, SECONDS, OPEN, JSON_FILE
	@ORDERS='$(ORDERS)' PUBLISHED='$(PUBLISHED)' BACKLOG='$(BACKLOG)' SOAK_MINUTES='$(SOAK_MINUTES)' \
	SECONDS='$(SECONDS)' OPEN='$(OPEN)' SEED='$(SEED)' JSON_FILE='$(JSON_FILE)' \
	node --conditions=source --import=tsx tools/bench/src/growth-main.ts

bench-sweep: build ## Find the best PREFETCH and BATCH_SIZE at saturation; ROUNDS, SECONDS, OPEN, JSON_FILE
	@ROUNDS='$(ROUNDS)' SECONDS='$(SECONDS)' OPEN='$(OPEN)' SEED='$(SEED)' JSON_FILE='$(JSON_FILE)' \
	node --conditions=source --import=tsx tools/bench/src/sweep-main.ts

bench-scale: build ## Measure 1, 2 and 4 processes of payment behind a slow gateway; SECONDS, JSON_FILE
	@SECONDS='$(SECONDS)' SEED='$(SEED)' JSON_FILE='$(JSON_FILE)' \
	node --conditions=source --import=tsx tools/bench/src/scale-main.ts

bench-reads: build ## Measure POST /orders beside CLIENTS that read, with SAGAS in the tables; SECONDS, JSON_FILE
	@SAGAS='$(SAGAS)' CLIENTS='$(CLIENTS)' SECONDS='$(SECONDS)' SEED='$(SEED)' JSON_FILE='$(JSON_FILE)' \
	node --conditions=source --import=tsx tools/bench/src/reads-main.ts

bench-guard: build ## Check the limits of the cost per saga in one minute, on any machine
	@SEED='$(SEED)' node --conditions=source --import=tsx tools/bench/src/guard-main.ts

simulate: $(installed) ## Run the services on a simulated broker and clock: SEEDS=1..100, ORDERS, FAULTS, FAULT_LIMIT, MISTAKE, SHRINK
	@SEEDS='$(SEEDS)' ORDERS='$(ORDERS)' FAULTS='$(FAULTS)' FAULT_LIMIT='$(FAULT_LIMIT)' MISTAKE='$(MISTAKE)' \
	SHRINK='$(SHRINK)' node --conditions=source --import=tsx tests/simulation/main.ts

api-fuzz: build ## Run Schemathesis against the two HTTP APIs; EXAMPLES, SEED; needs Python with venv
	@EXAMPLES='$(EXAMPLES)' SEED='$(SEED)' node_modules/.bin/mocha tests/interop/http-fuzz.test.ts

compose-test: $(installed) ## Run the whole system with docker compose and test it, beside a running system
	@node_modules/.bin/mocha --config tests/system/compose/.mocharc.json $(if $(CI),--forbid-only)

lint: $(installed) ## Check style, likely mistakes and the workflows; needs Go
	@npm run --silent lint

vocabulary: $(installed) ## List the retired expressions, each with its place and its replacement
	@node --conditions=source --import=tsx tools/ci/src/vocabulary/vocabulary-main.ts

typecheck: $(installed) ## Check the types of sources and tests
	@npm run --silent typecheck

charts := node_modules/.bin/mocha --config charts/test/.mocharc.json

charts: $(installed) ## Check the charts: lint, renderings, values, rights, policies, kinds, advice; needs Helm and Go
	@$(charts) $(if $(CI),--forbid-only)

charts-golden: $(installed) ## Write the charts' golden renderings; review the diff
	@UPDATE_GOLDEN=1 $(charts) --grep 'golden renderings'

charts-docs: $(installed) ## Write the charts' README files from the comments in their values; needs Go
	@node --conditions=source --import=tsx tools/ci/src/charts-docs-main.ts

charts-topology: $(installed) ## Write the topology of the broker's chart from the event catalogue
	@node --conditions=source --import=tsx tools/ci/src/broker-topology-main.ts

dashboards: $(installed) ## Generate the dashboards and the alert rules for Compose
	@node --conditions=source --import=tsx tools/monitoring/src/write-dashboards-main.ts

# On a cluster: that of the current kubeconfig.
on_cluster := node --conditions=source --import=tsx tests/cluster/src

e2e: $(installed) ## Test the chart on the cluster: install, upgrades, also from the previous release, drills, losses, autoscaling
	@$(on_cluster)/e2e-main.ts

e2e-keda: $(installed) ## The same for autoscaling by KEDA
	@$(on_cluster)/e2e-keda-main.ts

e2e-ha: $(installed) ## The same for three instances per database and three RabbitMQ nodes
	@$(on_cluster)/e2e-ha-main.ts

e2e-watch: $(installed) ## The same for dashboards and alerts: run every query against the cluster's Prometheus
	@$(on_cluster)/e2e-watch-main.ts

operators: $(installed) ## Install the operators that the chart needs on the cluster
	@$(on_cluster)/operators-main.ts

dev-loop-test: ## Parse kind-config.yaml as kind does, and execute the Tiltfile; needs Go and Helm
	@cd tests/cluster/dev-loop && go test -count=1 -v ./...

kind-up: ## Create a local cluster with a registry, by kind
	@k8s/kind/up

kind-down: ## Delete that cluster and its registry
	@k8s/kind/down

release: $(installed) ## Build images, chart and SBOMs of VERSION, print the pushes; REGISTRY and PUSH=1 push; NODE_IMAGE
	@VERSION='$(VERSION)' REGISTRY='$(REGISTRY)' PUSH='$(PUSH)' NODE_IMAGE='$(NODE_IMAGE)' \
	node --conditions=source --import=tsx tools/ci/src/release/release-main.ts

digests: $(installed) ## Print the values file with the digests of all images; VERSION, REGISTRY; use it with -s
	@VERSION='$(VERSION)' REGISTRY='$(REGISTRY)' \
	node --conditions=source --import=tsx tools/ci/src/release/digests-main.ts

version: $(installed) ## Set the version everywhere: make version VERSION=0.2.0; needs Helm and Go
	@echo '$(VERSION)' | grep -qE '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$$' || \
	{ echo 'VERSION must be a version such as 0.2.0, but is "$(VERSION)".' >&2; exit 1; }
	@old=$$(node -p 'require("./package.json").version') && \
	npm version '$(VERSION)' --workspaces --include-workspace-root --no-git-tag-version --ignore-scripts >/dev/null && \
	sed -i.old "s/^\( *version\|appVersion\): $$old$$/\1: $(VERSION)/" charts/*/Chart.yaml && rm charts/*/Chart.yaml.old
	@$${HELM:-helm} dependency update --skip-refresh charts/order-saga
	@$(MAKE) --no-print-directory charts-docs charts-golden

build: $(installed) ## Install the npm packages, and compile
	@npm run --silent build

.PHONY: install
install:
	@command -v npm >/dev/null || { echo 'Node.js is missing: install version 20.19 or later, with npm.' >&2; exit 1; }
	@node tools/dev/installed.js || { echo 'Installing packages' && npm ci --include=dev --include=optional --include=peer \
	--ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error; }
