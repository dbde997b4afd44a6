# Variables that may be set on the command line, besides ARGS:
#   GOTEST, GOTESTFLAGS  the test runner and its further flags (make test GOTESTFLAGS=-v)
#   GOFLAGS              left alone: Go reads it from the environment itself
#   RACE                 -race where there is a C compiler, which it needs; RACE= to do without
#   PKG                  packages to test (./...)
#   FUZZTIME             how long for each fuzz target, a count or a duration (10000x)
#   BENCH, BENCHCOUNT    which benchmarks, how often (., 1)
#   PGO                  the CPU profile to optimise by (off; PGO=$(profile) as the image)

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO          ?= go
GOTEST      ?= $(GO) test
GOTESTFLAGS ?=
PKG         ?= ./...
ARGS        ?=
BENCH       ?= .
BENCHCOUNT  ?= 1

# The profile takes 4 % off run's CPU time. Only what ships and what measures it is built with it:
# every package has to be compiled again for it, which takes two cores two minutes.
profile     := cmd/amazon-capi/run.pgo
PGO         ?= off

# A count and not a duration: when the time is up, Go's fuzzer sometimes calls
# its own deadline a failure of the target.
FUZZTIME    ?= 10000x

VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null)
RACE        ?= $(if $(shell command -v $(firstword $(shell $(GO) env CC))),-race)

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
PROMTOOL    := github.com/prometheus/prometheus/cmd/promtool@v0.316.0
GOLANGCI    ?= v2.15.0

servers     := testdata/servers/servers.sh
scripts     := $(servers) .ci/run .ci/gotest .ci/image .ci/stack .ci/vulncheck .ci/golangci

# Test binaries with the race detector need cgo, whatever the environment says.
test_env     = $(if $(RACE),CGO_ENABLED=1)
say_race     = $(if $(RACE),,@echo 'no C compiler found: testing without the race detector' >&2)

# With this tag the Kafka client's locks are channels. In virtual time, in which many
# tests run, whoever waits for any other lock keeps time from passing: a commit that
# waits for a join, and a join that waits for a heartbeat, would wait forever.
in_virtual_time := -tags=synctests

# Many tests wait for most of their time. With only as many packages and tests at once as
# there are cores, which is Go's default, two cores are idle for a third of a run: it takes
# 2:24 with two packages at once, and 1:53 with four.
at_once := -p=4 -parallel=8

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/amazon-capi, a static binary
	@CGO_ENABLED=0 $(GO) build -pgo=$(PGO) -trimpath -ldflags '-X main.buildVersion=$(VERSION)' -o bin/amazon-capi ./cmd/amazon-capi

.PHONY: demo
demo: build ## deliver sample events through an embedded broker, registry and Amazon (ARGS=--json)
	@bin/amazon-capi demo $(ARGS)

.PHONY: check
check: ## the inner loop: gofmt, vet, staticcheck, and the tests without the slowest
	@unformatted=$$(gofmt -s -l .); test -z "$$unformatted" || { echo "gofmt -s -w these:" >&2; echo "$$unformatted" >&2; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	SIM_SEEDS=5 $(GOTEST) -short $(in_virtual_time) $(at_once) $(GOTESTFLAGS) $(PKG)

.PHONY: test
test: ## run every test that needs no other server
	SIM_SEEDS=5 $(GOTEST) $(in_virtual_time) $(at_once) -shuffle=on $(GOTESTFLAGS) $(PKG)

.PHONY: test-race
test-race: ## the same with the race detector, which takes several times as long
	$(say_race)
	$(test_env) SIM_SEEDS=5 $(GOTEST) $(RACE) $(in_virtual_time) -shuffle=on $(GOTESTFLAGS) $(PKG)

.PHONY: test-browser
test-browser: ## run the tests in a headless Chromium, which has to be installed
	$(say_race)
	$(test_env) $(GOTEST) $(RACE) -shuffle=on -count=1 -timeout=15m -tags=browser -run=Browser $(GOTESTFLAGS) ./capture ./internal/lab/demo

# group_tests are the tests about members and groups: rebalances, restarts, topics, replays
# and redrives. They run once more in the other group protocol.
group_tests := 'Rolling|Restart|EveryEvent|TwoTopics|TopicsMadeAgain|OperatorsTools|StuckProfile|FaultsPass'

.PHONY: test-kafka
test-kafka: ## run the integration tests against a real Kafka and registry, started if need be, those about groups in both protocols
	$(say_race)
	$(test_env) $(servers) with $(GOTEST) $(RACE) -shuffle=on -count=1 -timeout=38m -tags=kafka $(GOTESTFLAGS) ./internal/lab/e2e/...
	$(test_env) GROUP_PROTOCOL=consumer $(servers) with $(GOTEST) $(RACE) -shuffle=on -count=1 -timeout=38m -tags=kafka -run=$(group_tests) $(GOTESTFLAGS) ./internal/lab/e2e/...

# CHAOS is how long things break, at least: each fault happens once, however long
# that takes. SEED is what in which order (default a random one, printed).
CHAOS ?= 60s
SEED  ?= 0

.PHONY: chaos
chaos: ## break members, servers and Amazon, then audit (CHAOS=60s SEED= GROUP_PROTOCOL=consumer ARGS="-brokers 3")
	$(GO) run ./internal/lab/chaos/cmd/chaos -for $(CHAOS) -seed $(SEED) $(ARGS)

.PHONY: chaos-mutants
chaos-mutants: ## show that the auditor finds known mistakes, in programs built to make them
	$(GOTEST) -count=1 -timeout=40m -tags=chaos -run='^TestMutants$$' -v $(GOTESTFLAGS) ./internal/lab/chaos

# SEEDS is how many worlds are simulated, FROM the first one's seed, FRESH how many more
# there are that nobody has seen, MINUTES about how long things break in each. HOURS
# simulates worlds until they have lasted that long together.
HOURS   ?=
SEEDS   ?= 100
FRESH   ?= 100
FROM    ?= 1
MINUTES ?= $(if $(HOURS),30,3)

.PHONY: sim
sim: ## simulate members, brokers and Amazon in virtual time (SEEDS=100 FRESH=100 FROM=1 MINUTES=3, or HOURS=)
	SIM_SEED=$(FROM) SIM_SEEDS=$(SEEDS) SIM_FRESH=$(FRESH) SIM_MINUTES=$(MINUTES) SIM_HOURS=$(HOURS) $(GOTEST) $(in_virtual_time),faultpoints -count=1 -timeout=48h -run='^(TestSim|TestShrink|TestFoundBefore|TestAtWaitsAtTimes)$$' -v $(GOTESTFLAGS) ./internal/faultpoint ./internal/lab/sim

.PHONY: test-cluster
test-cluster: ## lose the end of a log on three brokers by an unclean election, and see that all that is left is delivered
	$(GOTEST) -count=1 -timeout=15m -tags=chaos -run='^TestUncleanElection$$' -v $(GOTESTFLAGS) ./internal/lab/chaos

.PHONY: sim-mutants
sim-mutants: ## show that the simulation finds known mistakes
	SIM_MUTANTS=yes $(GOTEST) $(in_virtual_time) -count=1 -timeout=30m -run='^TestMutants$$' -v $(GOTESTFLAGS) ./internal/lab/sim

# What make mutate tries: SAMPLE mutants of PKG, which SEED draws by lot (0 for all), with
# the tests that a package has, and for rooms of consumer and sink also those of the whole.
# It fails if fewer than LEAST in a hundred are killed.
SAMPLE      ?= 50
LEAST       ?= 0
mutate_seed  = $(if $(filter-out 0,$(SEED)),$(SEED),1)
mutate       = $(GO) run ./internal/lab/mutate/cmd/mutate -go 'nice -n 10 $(GO)' -tags synctests -with consumer=consumer,sink=sink

.PHONY: mutate
mutate: ## make small mistakes and list those that no test notices (PKG=./sink/... SAMPLE=50 SEED=1 LEAST=0 ARGS="-json FILE")
	$(mutate) -sample $(SAMPLE) -seed $(mutate_seed) -least $(LEAST) $(ARGS) $(PKG)

.PHONY: mutate-smoke
mutate-smoke: ## the same for a few of the packages whose tests are fastest, as the gate does
	$(mutate) -sample 24 -seed 1 -least 70 -with '' ./consumer/ledger ./consumer/flow ./sink/gate ./sink/batch ./internal/accounts ./transform

.PHONY: test-framings
test-framings: ## deliver 100,000 events that name their schemas in every way, the registries away for a minute at first
	FRAMED_EVENTS=100000 FRAMED_AWAY=1m $(GOTEST) -count=1 -timeout=10m -run='^TestATopicOfAllFramings$$' -v $(GOTESTFLAGS) ./internal/lab/e2e

.PHONY: test-alerts
test-alerts: ## test the alert rules of deploy/alerts with promtool
	cd deploy/alerts && $(GO) run $(PROMTOOL) check rules amazon-capi.yaml && $(GO) run $(PROMTOOL) test rules tests.yaml

chart_tests := deploy/chart/test

.PHONY: chart
chart: build ## lint and render the Helm chart, and hold it to Kubernetes' types and to the program
	cd $(chart_tests) && $(GO) vet ./... && $(GOTEST) -shuffle=on -count=1 $(GOTESTFLAGS) ./...

.PHONY: chart-update
chart-update: ## write anew what is made from other files: the chart's alerts and schema, deploy/manifests
	cd $(chart_tests) && $(GO) test -count=1 -run='^(TestAlertsAreThoseOfDeploy|TestValuesSchema|TestManifests)$$' . -update

.PHONY: soak
soak: ## hold 10 million events in a real Kafka with Amazon away, and watch memory (SOAK=1m SOAK_EVENTS=)
	$(servers) with $(GOTEST) -count=1 -timeout=120m -tags=kafka,soak -run='^TestSoak' -v $(GOTESTFLAGS) ./internal/lab/e2e/...

.PHONY: attack
attack: ## attack the program by what strangers choose, and hold its memory and its pages to their bounds
	ATTACK=yes $(GOTEST) -count=1 -timeout=25m -run='^TestAttacks$$' -v $(GOTESTFLAGS) ./internal/lab/e2e

.PHONY: servers-start servers-stop
servers-start: ## start that Kafka and registry, and leave them running
	@$(servers) start && $(servers) env
servers-stop: ## stop them, and forget their data
	@$(servers) reset

.PHONY: lint
lint: ## gofmt, go vet, staticcheck, golangci-lint, govulncheck, shellcheck
	@unformatted=$$(gofmt -s -l .); test -z "$$unformatted" || { echo "gofmt -s -w these:" >&2; echo "$$unformatted" >&2; exit 1; }
	$(GO) vet -tags=kafka,browser,chaos,synctests,faultpoints ./...
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) -tags=kafka,browser,chaos,synctests,faultpoints ./...
	cd .ci && $(GO) vet ./... && $(GO) run $(STATICCHECK) ./...
	@if command -v shellcheck >/dev/null; then echo 'shellcheck $(scripts)'; shellcheck -x $(scripts); else echo 'shellcheck: skipped, it is not installed'; fi
	@GO='$(GO)' .ci/golangci $(GOLANGCI)
	@GO='$(GO)' .ci/vulncheck $(GOVULNCHECK)

.PHONY: tidy-check
tidy-check: ## fail if go.mod or go.sum are not what `go mod tidy` would leave
	$(GO) mod tidy -diff
	$(GO) mod verify
	cd .ci && $(GO) mod tidy -diff
	cd $(chart_tests) && $(GO) mod tidy -diff

.PHONY: fuzz-smoke
fuzz-smoke: ## fuzz every target of every package for a short while (FUZZTIME=)
	@targets=$$($(GO) test -list '^Fuzz' $(PKG) | awk '/^Fuzz/ {names[++n] = $$1} /^ok/ {for (i = 1; i <= n; i++) print $$2, names[i]; n = 0}'); \
	test -n "$$targets" || { echo 'no fuzz target found in $(PKG)' >&2; exit 1; }; \
	while read -r package target; do \
		echo "fuzz $$package $$target"; \
		$(GO) test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=1000x "$$package" </dev/null; \
	done <<<"$$targets"

.PHONY: bench
bench: PGO := $(profile)
bench: build ## measure the whole program with a real Kafka: speed, CPU, memory, latency (ARGS="--echo --answer 50ms")
	$(servers) with bash -c 'bin/amazon-capi bench --brokers "$$KAFKA_BROKERS" --registry "$$SCHEMA_REGISTRY_URL" --warm-up 60s $(ARGS)'

# Without -ignore, so much would be inlined into sha256.Sum256 that its state escapes to the
# heap: two allocations for each hash, which cost more than the profile saves.
.PHONY: pgo
pgo: build ## take anew the profile that the image is optimised by, with a real Kafka
	@rm -rf bin/profiles
	$(servers) with bash -c 'bin/amazon-capi bench --brokers "$$KAFKA_BROKERS" --registry "$$SCHEMA_REGISTRY_URL" --warm-up 10s --events 2000000 --runs 8 --rate 0 --cpu-profiles bin/profiles'
	$(GO) tool pprof -proto -ignore=crypto/sha256 -output=$(profile) bin/profiles/cpu-*.pb.gz

.PHONY: bench-stages
bench-stages: ## run the stages' benchmarks, for benchstat (BENCH=, BENCHCOUNT=)
	$(GO) test -run='^$$' -bench='$(BENCH)' -benchmem -count=$(BENCHCOUNT) $(PKG)

.PHONY: clean
clean: ## stop the servers and remove what was built, downloaded and cached here
	@SERVERS_MODE= KAFKA_BROKERS= SCHEMA_REGISTRY_URL= $(servers) reset
	rm -rf bin dist .cache
