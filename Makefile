# What people run. "make" prints it.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# The clients that the end-to-end tests drive; the two below are where Debian puts them.
PYTHON ?= /usr/bin/python3
AWS    ?= /usr/bin/aws
NODE   ?= node

# A registry that is slow, or away for a moment, fails nothing.
NPM_CI := npm ci --no-audit --no-fund --prefer-offline --fetch-retries 5

# How long the tests of a package may take, on a machine that is busy: only those that hang take so long.
PATIENCE ?= 30m

# How many inputs each fuzz target tries: a second or a few. Not a time: at the end of one, Go 1.26 can
# fail a target for no reason (golang.org/issue/75804).
FUZZTIME ?= 3000x

.PHONY: help
help:
	@echo "make dev        run a server to try things out, with its chat page if there is Node.js"
	@echo "make build      build bin/carillon, likewise"
	@echo "make page       build the chat page into console/page/dist"
	@echo "make test       pass all tests: check, unit, fuzz, bench, web, e2e, postgres"
	@echo "make check      vet, formatting, known vulnerabilities, secrets"
	@echo "make unit       tests of all packages, with the race detector"
	@echo "make fuzz       every fuzz target, $(FUZZTIME)"
	@echo "make bench      every benchmark once, to see that it runs"
	@echo "make web        types and tests of the chat page"
	@echo "make e2e        official clients against the real binary"
	@echo "make postgres   the operations and the official clients once more, on PostgreSQL"
	@echo "make generate   all generated files"
	@echo "make screenshots  pictures of the chat page for docs/"
	@echo "make bench-sessions   what live sessions cost, idle and busy, against a fresh server"
	@echo "make soak       ten minutes of clients that behave badly, against a server that is killed"

.PHONY: dev
dev: page-if-possible
	go run ./cmd/carillon dev

.PHONY: build
build: page-if-possible
	go build -trimpath -o bin/carillon ./cmd/carillon

# The chat page is part of the binary if it has been built. A server without it says how to get it.
PAGE := console/page/dist/index.html

.PHONY: page
page: $(PAGE)

$(PAGE): $(wildcard web/*.json web/*.mts web/*.html web/public/* web/src/* web/src/*/*) | web/node_modules
	cd web && npm run --silent build
	@touch $@

web/node_modules: web/package-lock.json
	cd web && $(NPM_CI) --ignore-scripts
	@touch $@

.PHONY: page-if-possible
page-if-possible:
ifneq ($(shell command -v $(NODE)),)
ifneq ($(shell command -v npm),)
	@$(MAKE) --no-print-directory page || echo "The chat page could not be built. Everything else works without it." >&2
endif
endif

# What is missing is told before anything long begins.
.PHONY: test
test: tools check unit fuzz bench web e2e postgres

.PHONY: tools
tools:
	@$(PYTHON) -c 'import boto3' 2>/dev/null || { echo "make test needs boto3 for $(PYTHON): install the package python3-boto3 (apt-get install python3-boto3), or name another Python with PYTHON=..." >&2; exit 1; }
	@$(AWS) --version >/dev/null 2>&1 || { echo "make test needs the AWS CLI at $(AWS): install the package awscli (apt-get install awscli), or name another with AWS=..." >&2; exit 1; }
	@$(NODE) -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null || { echo "make test needs Node.js 20 or newer as $(NODE): install it with npm, or name another with NODE=..." >&2; exit 1; }
	@chromium --version >/dev/null 2>&1 || { echo "make test needs Chromium: install the package chromium (apt-get install chromium)" >&2; exit 1; }
	@command -v certutil >/dev/null || { echo "make test needs certutil of NSS: install the package libnss3-tools (apt-get install libnss3-tools)" >&2; exit 1; }
	@[ -n "$${CARILLON_TEST_POSTGRES:-}" ] || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || { echo "make test needs PostgreSQL: install the package postgresql (apt-get install postgresql), or name a server with CARILLON_TEST_POSTGRES=URL" >&2; exit 1; }

.PHONY: check
check: secrets vulnerabilities
	go vet ./...
	@files=$$(find . -name node_modules -prune -o -name '*.go' -print0 | xargs -0 gofmt -l); \
	if [ -n "$$files" ]; then echo "not formatted, run gofmt -w on:"; echo "$$files"; exit 1; fi

# Both pass, with a word, when there is no network to ask; CARILLON_SCAN=required makes them fail then.
.PHONY: secrets vulnerabilities
secrets vulnerabilities:
	@.ci/scan $@

# The race detector watches everything but SQLite, a C program translated to Go that one goroutine at
# a time enters: watching it finds nothing and makes the tests five times slower.
.PHONY: unit
unit:
	go test -timeout $(PATIENCE) -race -gcflags='modernc.org/...=-race=false' -shuffle=on ./...

.PHONY: fuzz
fuzz:
	@{ grep -rHoE --include='*_test.go' --exclude-dir=e2e --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]+' . || true; } | \
	while IFS=: read -r file function; do \
		package=$$(dirname "$$file"); target=$${function#func }; \
		echo "go test -fuzz $$target $$package"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "$$package" </dev/null; \
	done

.PHONY: bench
bench:
	go test -timeout $(PATIENCE) -run '^$$' -bench . -benchtime 1x ./...

.PHONY: web
web: web/node_modules
	cd web && npm run --silent check && npm test --silent

.PHONY: e2e
ifneq ($(wildcard e2e/go.mod),)
e2e: tools
	cd e2e && go vet ./... && go test -timeout $(PATIENCE) -count=1 ./...
else
e2e:
endif

# "make unit" has passed the store's own suite on both engines. What is above it is passed on SQLite by
# "make unit" and "make e2e", and here again, without the race detector and without what never sees the
# store, or through rooms that the tests of chat and access hold to it: TLS, sessions in browsers, a fresh clone.
.PHONY: postgres
postgres: export CARILLON_TEST_ENGINE = postgres
postgres: tools
	go test -timeout $(PATIENCE) -shuffle=on ./chat ./access
	cd e2e && go test -timeout $(PATIENCE) -count=1 -skip '^Test(FreshClone|ACME|TLSClients|BrowserTrust|Browser|Session|SessionAccess|CLIAccess)$$' ./...

ifneq ($(wildcard e2e/js/package-lock.json),)
e2e postgres screenshots: e2e/js/node_modules
e2e/js/node_modules: e2e/js/package-lock.json
	cd e2e/js && $(NPM_CI)
	@touch $@
endif

e2e postgres: page

.PHONY: screenshots
screenshots: build page
	cd e2e/js && CHROMIUM=$$(command -v chromium) $(NODE) browser/screenshots.js ../../bin/carillon ../../docs

# Not parts of "make test": they take minutes, and a machine with nothing else to do.
.PHONY: bench-sessions
bench-sessions: build
	bin/carillon bench idle --server bin/carillon --sessions 10000
	bin/carillon bench idle --server bin/carillon --sessions 10000 --tls
	bin/carillon bench fanout --server bin/carillon --sessions 2000 --rate 50

.PHONY: bench-requests
bench-requests: build
	for scenario in send "send --channels 1" batch-join join describe list-messages list-memberships mixed \
	    connect-storm "connect-storm --prefetch"; do \
		bin/carillon bench $$scenario --server bin/carillon --limit; \
	done
	bin/carillon bench grow --server bin/carillon

.PHONY: soak
soak: build
	bin/carillon bench soak --server bin/carillon --duration 5m --kill-every 20s
	bin/carillon bench soak --server bin/carillon --duration 5m --server-args "--session-buffer 256" --session-buffer 256

.PHONY: generate
generate:
	go generate ./...
