# One recipe line runs each long-lived program directly, so that signals to make reach it.
.DEFAULT_GOAL := help
.PHONY: help up demo env status test compose-test lint typecheck build audit
.NOTPARALLEL:

installed := node_modules/.package-lock.json
local := services/local/dist
tests := services/*/test/**/*.test.ts

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

up: build ## Start everything here, until Ctrl-C: PostgreSQL, RabbitMQ, the four services
	@node $(local)/up-main.js

demo: build ## Start everything, drive orders through all four flows, show the outcomes, audit, stop
	@node $(local)/demo-main.js

env: ## Print the running system's addresses as shell assignments; use it with -s
	@if [ -f $(local)/env-main.js ]; then node $(local)/env-main.js; \
	else echo 'Nothing runs: start it with make up.' >&2; exit 1; fi

status: ## Show the running system's processes
	@if [ -f $(local)/status-main.js ]; then node $(local)/status-main.js; \
	else echo 'Nothing runs: start it with make up.' >&2; exit 1; fi

audit: build ## Check the running system's invariants
	@addresses=$$(node $(local)/env-main.js) && set -a && eval "$$addresses" && node services/operations/dist/audit-main.js

test: build ## Run all tests; the servers they need are started and stopped with them
	@node_modules/.bin/mocha $(if $(CI),--forbid-only) '$(tests)'

compose-test: $(installed) ## Run the whole system with docker compose and test it, beside whatever else runs
	@node_modules/.bin/mocha --config services/system-tests/compose/.mocharc.json $(if $(CI),--forbid-only)

lint: $(installed) ## Check style and likely mistakes
	@npm run --silent lint

typecheck: $(installed) ## Check the types of sources and tests
	@npm run --silent typecheck

build: $(installed) ## Install what npm gives, and compile
	@npm run --silent build

$(installed): package-lock.json
	@command -v npm >/dev/null || { echo 'Node.js is missing: install version 20.19 or later, with npm.' >&2; exit 1; }
	@echo 'Installing packages'
	@npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@
