# `make` lists what there is. Everything does its own set-up; on a fresh machine Go, make and a C compiler are enough.

SHELL       := /bin/sh
GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
DEADCODE    := golang.org/x/tools/cmd/deadcode@v0.52.0
GREMLINS    := github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0

# What a person may set: make fuzz FUZZTIME=1m, make kill KILLS=500, make rotations ROTATIONS=9, make run DEV_DIR=/tmp/x
# The longest packages come first, and one more than there are processors is at work: those wait for much of their time,
# for tokens that are away and looked for again after 2 or 15 seconds, and for disks and devices that hang.
PKG      ?= ./service/servicetest ./torture ./hsm ./secrets/rotation/rotator/... ./trail/search ./... ./.ci/gotest ./.ci/systemctl
ABREAST  ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n + 1)))
FUZZTIME ?= 5s
LONGFUZZ ?= 10m
KILLS    ?= 50
ROTATIONS ?= 50
TORTURE  ?= .
CASES    ?= 1000000
SEED     ?= 1
DEV_DIR  ?= ./dev-data
DEV_ARGS ?=
TESTTIME ?= 25m
MUTATE   ?= ./policy ./identity/sigv4 ./internal/shape ./internal/op ./keystore/key ./secrets ./secrets/secret ./secrets/rotation/schedule

# What the binary says of itself. Without git (a tarball) set them: make build VERSION=v1.2.3 COMMIT=...
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)$(shell git diff --quiet HEAD 2>/dev/null || echo +changes)
LDFLAGS := -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# The devices and the databases are C.
export CGO_ENABLED = 1

.DEFAULT_GOAL := help

##@ Every day

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' Makefile
	@echo

run: softhsm build ## start a service to play with: token, database and keys in ./dev-data
	@exec bin/claviger dev --dir $(DEV_DIR) $(DEV_ARGS)

build: tools ## build bin/claviger
	@[ "$$($(GO) list -trimpath -f '{{.Stale}}' github.com/mattn/go-sqlite3)" = false ] || \
		echo "Compiling. The first time that is SQLite's C too: 1 to 5 minutes in which nothing is said." >&2
	$(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/claviger ./cmd/claviger

test: tools softhsm clients databases ## run the tests; what was skipped is listed with its reason (PKG=./hsm for one package)
	@$(GO) run ./.ci/gotest -p $(ABREAST) -count=1 -timeout $(TESTTIME) $(PKG)

vet: tools ## go vet, gofmt, and go.mod as go mod tidy leaves it
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt -w needed:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet $(PKG)
	$(GO) mod tidy -diff

lint: tools ## staticcheck and deadcode for Go, shellcheck for the scripts
	$(GO) run $(STATICCHECK) $(PKG)
	@unreachable=$$($(GO) run $(DEADCODE) -test ./...) || exit 1; \
		if [ -n "$$unreachable" ]; then echo "$$unreachable"; exit 1; fi
	@softhsm-setup/install.sh shellcheck
	shellcheck softhsm-setup/*.sh .ci/run .ci/fuzz .ci/walk/* $(wildcard examples/*.sh)

cover: tools softhsm clients ## run the tests and show coverage by package; coverage.html has the lines
	$(GO) test -count=1 -timeout $(TESTTIME) -coverpkg=./... -coverprofile=coverage.out $(PKG)
	$(GO) tool cover -html=coverage.out -o coverage.html
	@$(GO) tool cover -func=coverage.out | tail -n 1

##@ Longer

# Packages whose point is concurrency are not singled out: the race detector looks at all of them. Those aren't among them
# whose tests start a program, which is built without the detector, or read the sources; nor are such tests of the others.
# Nor are tests that ask for one thing after the other: from a table, of questions drawn at random, or as the AWS CLI does.
# What runs beside each other in those does so in the others as well. Every change is asked for by a crowd in servicetest,
# every token is crowded in its suite, whose tables of algorithms one fake goes through, and the trail's index is asked in
# servicetest while it is made. What go vet has to say, make vet says.
PROGRAMS := ^claviger$$|/torture$$|/cmd/claviger$$|/examples(/recipes)?$$
PROGRAM  := TestMemory_|TestKill_First|TestDev_Stopped
ONEBYONE := TestMatrix_|TestSpellings_|TestRegistry_EveryO|TestValidation_Every|TestRefused_Each|TestDenied_ThereOr|TestFind_Random|TestSuite_[^F]/Every|AWSCLI|Boto3
race: tools softhsm clients ## run the tests under the race detector
	@$(GO) run ./.ci/gotest -race -p $(ABREAST) -vet=off -count=1 -timeout 30m -skip '$(PROGRAM)|$(ONEBYONE)' \
		$$($(GO) list $(PKG) | grep -Ev '$(PROGRAMS)')

fuzz: tools softhsm ## fuzz every target for FUZZTIME (5s)
	@.ci/fuzz $(FUZZTIME)

fuzz-long: tools softhsm ## fuzz every target for LONGFUZZ (10m)
	@.ci/fuzz $(LONGFUZZ)

# What decides about access, states and labels. Of secrets that is stages.go alone.
mutate: tools softhsm ## change the code that decides, and fail if the tests don't notice 95% of it
	@bin=$$(mktemp -d); trap 'rm -rf "$$bin"' EXIT; GOBIN=$$bin $(GO) install $(GREMLINS) || exit 1; \
	for p in $(MUTATE); do \
		only=; [ "$$p" != ./secrets ] || only='-E ^[^s] -E ^s[^t]'; \
		echo "$$p"; $$bin/gremlins unleash $$p $$only --config .ci/gremlins.yaml || exit 1; \
	done

oracle: tools ## ask a second evaluator CASES (1,000,000) drawn questions about policies, from SEED (1)
	CASES=$(CASES) SEED=$(SEED) $(GO) test -count=1 -timeout 1h -run Oracle -v ./policy

bench: softhsm build ## measure; prints ratios of one run
	$(GO) run ./bench

bench-keys: softhsm build ## measure what 100,000 keys cost
	$(GO) run ./bench -keys 100000 -span 5s

bench-rotations: softhsm build ## measure 500 rotations among 10,000 secrets with schedules, and what reads lose
	$(GO) run ./bench -rotations 10000 -span 1s

bench-parameters: softhsm build ## measure a tree of 100,000 parameters beside one of 100
	$(GO) run ./bench -parameters 100000 -span 2s

bench-slow: softhsm build ## measure a device that takes 1 ms and 20 ms a call: what is left of it, overload, a quiet caller
	$(GO) run ./bench -slow

# A long test is a short one with a bigger number: CLAVIGER_LONG=1 asks for the whole sweep.
soak: tools softhsm clients ## run the tests with every sweep at its full length: hours
	@CLAVIGER_LONG=1 $(GO) run ./.ci/gotest -count=1 -timeout 12h $(PKG)

kill: tools softhsm clients ## kill -9 the server KILLS (50) times under load and look what survived
	@KILLS=$(KILLS) $(GO) run ./.ci/gotest -count=1 -timeout 4h -run 'Kill|Crash' $(PKG)

# Whole sweeps of the drivers in torture, one after the other: two that run at once would starve each other.
torture: tools softhsm ## break device, disk, clock and clients under the true server, whole sweeps, hours (TORTURE=Sweep for one)
	CLAVIGER_LONG=1 $(GO) test -count=1 -timeout 8h -parallel 1 -run '$(TORTURE)' -v ./torture
	$(GO) generate ./torture

# One after the other: two that run at once would measure each other.
rotations: tools softhsm databases ## rotate the users of true databases ROTATIONS (50) times under kill -9, with clients that log in; prints how long
	ROTATIONS=$(ROTATIONS) $(GO) test -count=1 -timeout 2h -run Rotation_ServerKilled -v ./cmd/claviger

# What these tools bring with them is compiled too, SOPS's clouds above all: no test of every day.
recipes: tools softhsm ## run docs/recipes.md: SOPS, and the libraries of Vault and cosign; the first time 5 to 15 minutes
	@echo "Compiling what SOPS, Vault and cosign bring with them: minutes in which nothing is said, the first time." >&2
	cd examples/recipes && $(GO) test -count=1 -timeout 40m -v .

walk: tools ## install, run and restore by the documents, in a bare Debian 12 that goes away again: 3 minutes, as root
	@.ci/walk/run

##@ Documents

docs: tools softhsm ## regenerate the generated documents (go generate)
	$(GO) generate ./...

docs-check: tools softhsm ## fail if a generated document is not what the code says
	@before=$$(mktemp); after=$$(mktemp); trap 'rm -f "$$before" "$$after"' EXIT; \
	sums() { find . -type f ! -path './.git/*' ! -path './bin/*' ! -path './dev-data/*' -exec cksum {} + | sort -k 3; }; \
	sums >"$$before"; $(GO) generate ./...; sums >"$$after"; \
	if ! cmp -s "$$before" "$$after"; then \
		echo "Out of date, now regenerated (commit them):"; \
		diff "$$before" "$$after" | awk '/^>/ { print "    " $$4 }'; exit 1; \
	fi

# Paths may be ambiguous to a client that can't escape a slash; api/rest says which one counts.
openapi: tools ## hold the OpenAPI document to the specification, by a public validator (needs npm)
	@doc=$$(mktemp -d); trap 'rm -rf "$$doc"' EXIT; $(GO) run ./cmd/claviger docs openapi >"$$doc/openapi.json"; \
	npx --yes @redocly/cli@2 lint --skip-rule no-ambiguous-paths --skip-rule info-license "$$doc/openapi.json"

changelog: ## print what the next release will say, from changelog/unreleased
	@bad=$$(for f in changelog/unreleased/*.md; do \
		[ ! -e "$$f" ] || sed -n 1p "$$f" | grep -Eq '^(Security|Changed|Added|Fixed|Removed): [^ ].*[^.]$$' || echo "    $$f"; done); \
	if [ -n "$$bad" ]; then echo "The first line must be 'Kind: sentence without a full stop' (CONTRIBUTING.md):"; echo "$$bad"; exit 1; fi
	@for kind in Security Changed Added Fixed Removed; do \
		for f in $$(grep -l "^$$kind: " changelog/unreleased/*.md 2>/dev/null); do \
			sed -e '1s/^/- /' -e '1!{/./s/^/  /;}' "$$f"; echo; done; done

##@ Set-up (the targets above call these; they do nothing twice)

softhsm: ## install SoftHSM2, the token the tests run on
	@softhsm-setup/install.sh softhsm2

# Tests that drive another program say so and skip when it isn't there; that is no reason to run no test at all.
clients: ## install the clients that tests drive: AWS CLI, boto3, psycopg2, curl, pkcs11-tool
	@for c in awscli boto3 psycopg2 curl opensc; do \
		softhsm-setup/install.sh $$c || echo "Going on without $$c: the tests that drive it will be skipped." >&2; done

databases: ## install the database servers that tests start for themselves: PostgreSQL, MariaDB, Redis
	@for d in postgresql mariadb redis; do \
		softhsm-setup/install.sh $$d || echo "Going on without $$d: the tests that start it will be skipped." >&2; done

tools: ## look whether Go and a C compiler are here
	@command -v $(GO) >/dev/null || { echo "Claviger is built with Go $$(awk '$$1 == "go" { print $$2 }' go.mod) or later, and there is no '$(GO)' here: see https://go.dev/dl/." >&2; exit 1; }
	@need=$$(awk '$$1 == "go" { print $$2 }' go.mod); have=$$($(GO) env GOVERSION 2>/dev/null | sed -n 's/.*go\([0-9][0-9.]*\).*/\1/p'); \
	if [ "$$(printf '%s\n' "$$need" "$${have:-0}" | sort -V | head -n 1)" != "$$need" ]; then \
		echo "Claviger is built with Go $$need or later, and this is $$(cd / && $(GO) version): see https://go.dev/dl/." >&2; exit 1; fi
	@softhsm-setup/install.sh --check cc || { echo "Claviger talks to PKCS#11 modules and SQLite through cgo and needs a C compiler with the C library's headers." >&2; \
		echo "Install it with: softhsm-setup/install.sh cc" >&2; exit 1; }

clean: ## remove what was built; ./dev-data stays
	rm -rf bin coverage.out coverage.html

.PHONY: help run build test vet lint cover race fuzz fuzz-long oracle mutate bench bench-keys bench-rotations bench-parameters bench-slow soak kill torture rotations walk recipes docs docs-check openapi changelog softhsm clients databases tools clean
