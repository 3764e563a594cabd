# Every target is a few lines of plain commands; .ci/run makes the same checks on a new machine.
SHELL := /bin/bash

GO        ?= go
FUZZTIME  ?= 10s
BENCHTIME ?= 1s
ARGS      ?=

.DEFAULT_GOAL := help
.PHONY: help check test race lint fuzz bench soak faults petshop detection-table package-check chart-check golden screenshots build demo

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

check: ## before a commit: gofmt, vet, lint, tests
	@unformatted=$$(gofmt -l .); [[ -z $$unformatted ]] || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	$(GO) vet ./...
	.ci/golangci-lint run ./...
	$(GO) test ./...

test: ## all tests
	$(GO) test ./...

race: ## all tests under the race detector
	$(GO) test -race -timeout 30m ./...

lint: ## the pinned golangci-lint, which also states the arrows of the house
	.ci/golangci-lint run ./...

fuzz: ## each fuzz target for FUZZTIME (10s)
	.ci/fuzz $(FUZZTIME)

bench: ## all benchmarks, each for BENCHTIME (1s)
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

SOAK ?= 10m
soak: ## 10,000 checks every 10 s for SOAK (10m) and what they take; TLS=1 for https, HISTORY=24h to begin with it, CHECKS= and EVERY= for others
	STATUSBOT_SOAK=$(SOAK) STATUSBOT_SOAK_TLS=$(TLS) STATUSBOT_SOAK_HISTORY=$(HISTORY) STATUSBOT_SOAK_CHECKS=$(CHECKS) STATUSBOT_SOAK_EVERY=$(EVERY) $(GO) test ./cmd/statusbot -run '^$$' -bench Soak -benchtime 1x -timeout 60m -v

FAULTS ?= 10m
faults: ## faults of every kind by chance for FAULTS (10m) on three members and five agents, as root on Linux; SEED= for those of an earlier run, LOGS= a folder for what the members log
	STATUSBOT_TEST_NETS=1 STATUSBOT_FAULTS=$(FAULTS) STATUSBOT_FAULTS_SEED=$(SEED) STATUSBOT_FAULTS_LOGS=$(LOGS) $(GO) test ./cmd/statusbot -run SoakOfFaults -count 1 -timeout 3h -v

petshop: ## cause ranking on the PetShop data; STATUSBOT_PETSHOP names its folder "dataset"
	@[[ -n "$$STATUSBOT_PETSHOP" ]] || { echo 'STATUSBOT_PETSHOP is not set: clone https://github.com/amazon-science/petshop-root-cause-analysis and name its folder "dataset"'; exit 1; }
	$(GO) test ./internal/impact/cause -run '^TestPetShop$$' -count 1 -v

detection-table: ## delays beside the oracle's, false alarms, and SEEDS=8 companies in each kind of trouble: half a minute of CPU
	STATUSBOT_DETECTION_TABLE=full STATUSBOT_SEEDS=$${SEEDS:-8} $(GO) test ./internal/impact -run 'DetectionTable|TroubleTable' -count 1 -timeout 60m -v

OUT ?= packages
chart-check: ## helm lint and kubeconform on the chart, for one member and for three
	.ci/chart

package-check: ## lintian, rpmlint and systemd-analyze on what packaging/build OUT made (OUT=packages)
	lintian --allow-root --fail-on error $(OUT)/*.deb
	-rpmlint $(OUT)/*.rpm
	systemd-analyze security --offline=true --threshold=13 packaging/statusbot.service

golden: ## write the golden files anew; read the difference before you commit it
	@packages=$$(git grep -lE 'flag\.Bool\("update"' -- '*_test.go' | xargs -r -n1 dirname | sort -u | sed 's|^|./|'); \
	[[ -n $$packages ]] || { echo "no package has golden files"; exit 1; }; \
	$(GO) test $$packages -update
	@git --no-pager diff --stat

screenshots: ## the pictures of the documents anew, from the demo in a headless Chromium
	STATUSBOT_SCREENSHOTS=$(CURDIR)/docs/pictures $(GO) test ./cmd/statusbot -run '^TestPicturesOfTheDocs$$' -count 1 -v

build: ## bin/statusbot, static, for this machine
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/statusbot ./cmd/statusbot

demo: build ## a small company that breaks, and a local Slack to watch it in (ARGS= for flags)
	bin/statusbot demo $(ARGS)
