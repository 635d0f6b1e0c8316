# A fresh machine needs Python 3.11 or newer and make; everything else is downloaded from PyPI into
# .venv, .venv-sam, .venv-docs and .tools (for `make test-deploying`, from npm too). To use another Python:
# make test PYTHON=python3.13
#
# requirements/*.txt pins every download, including transitive dependencies, by version and SHA-256. Only
# wheels are installed, nothing is built from source. `make lock` writes those files.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
# Each Python named on the command line gets its own environment, so that they are never mixed up.
NAMED := $(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
VENV ?= .venv$(NAMED)
VENV_FLOORS := .venv-floors$(NAMED)
VENV_SAM := .venv-sam
VENV_DEPLOYING := .venv-deploying
VENV_FUZZ := .venv-fuzz$(NAMED)
VENV_WHEEL := .venv-wheel$(NAMED)
VENV_DOCS := .venv-docs
VENV_LOCK := .venv-lock
BIN := $(VENV)/bin
PIP := -m pip install --quiet --disable-pip-version-check
HASHED := --require-hashes --only-binary :all: -r requirements
# The project itself: its build requirements are installed before, by hash, so nothing is downloaded here.
EDITABLE := --no-index --no-deps --no-build-isolation -e .
# The project as its users install it.
WHEEL := --no-index --no-deps --force-reinstall dist/appconfig_env-*.whl
SOURCES := appconfig_env tests examples tools benchmarks simulations
# Tests that run software besides the lowest supported versions (moto, ministack, AWS's runtime, SAM,
# web servers, other wrappers, tools for packages, pages and types), and the tests of the benchmarks, which compare with other projects.
EXTERNAL := alongside deploying emulators release typing contract/test_fake_aws.py lifecycle/test_gunicorn.py lifecycle/test_snapstart.py
ALONE := -k "not moto and not ministack" $(EXTERNAL:%=--ignore=tests/%)
# The Pythons of `make test-pythons`; for fewer: make test-pythons PYTHONS="python3.11 python3.14"
PYTHONS ?= python3.11 python3.12 python3.13 python3.14 python3.15
# Tests run in one process per core; to use a single process: make test WORKERS=0
WORKERS ?= auto
PYTEST := -m pytest --numprocesses $(WORKERS) --dist loadgroup
# If it is set, every worker compiles all test files again, which takes seconds.
unexport PYTHONDONTWRITEBYTECODE
# Additional arguments: make test ARGS="-k snapshot -x", or make bench ARGS="--rounds 8"
ARGS ?=

RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
SUBSET := $(VENV)/.pythons
FLOORS := $(VENV_FLOORS)/.floors
WHEELED := $(VENV_WHEEL)/.wheel
SAM := $(VENV_SAM)/.sam
DEPLOYING := $(VENV_DEPLOYING)/.deploying
FUZZ := $(VENV_FUZZ)/.fuzz
SITE := $(VENV_DOCS)/.docs
LOCK := $(VENV_LOCK)/.lock
RIE := .tools/aws-lambda-rie
ARM64 := .tools/pythons-arm64/bin/.unpacked

.PHONY: help
help: ## show this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done

.PHONY: demo
demo: $(RUNTIME) ## run the example function under the wrapper, change its configuration, show the new values
	@$(BIN)/python examples/demo.py

.PHONY: test
test: $(DEV) $(SAM) $(RIE) lint ## run everything: format check, linters, types, all tests
	$(BIN)/python $(PYTEST) $(ARGS)

.PHONY: test-fast
test-fast: $(DEV) ## run the unit tests and the import rules (under 30 s on two cores)
	@$(BIN)/python tools/fast_tests.py $(ARGS)

# The slowest first. They run side by side, and the output of each is printed when it ends.
LINTERS := lint-workflows lint-mypy lint-pyright lint-bandit lint-ruff
.PHONY: lint
lint: $(DEV) ## run ruff, mypy, pyright, bandit and the linters of .github
	@$(MAKE) --no-print-directory --makefile $(firstword $(MAKEFILE_LIST)) --jobs $$(nproc) --output-sync=target --keep-going $(LINTERS)

.PHONY: $(LINTERS)
lint-pyright: $(DEV)
	$(BIN)/pyright --pythonpath $(BIN)/python

lint-mypy: $(DEV)
	$(BIN)/mypy

lint-bandit: $(DEV)
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive appconfig_env tools

lint-workflows: $(DEV)
	$(BIN)/zizmor --offline --no-progress --quiet --persona pedantic .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml

lint-ruff: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: format
format: $(DEV) ## format and fix the code with ruff
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: test-floors
test-floors: $(FLOORS) ## run the tests that need no other software, with the lowest supported versions
	$(VENV_FLOORS)/bin/python $(PYTEST) $(ALONE) $(ARGS)

# The package is removed from the sources, so that only the wheel's contents are tested.
.PHONY: test-wheel
test-wheel: $(WHEELED) ## run the tests that need no other software, with the wheel that make dist builds
	@rm -rf build/wheel
	@mkdir -p build/wheel
	@tar -xzf dist/appconfig_env-*.tar.gz -C build/wheel --strip-components 1
	@rm -r build/wheel/appconfig_env
	@installed=$$(cd / && $(abspath $(VENV_WHEEL))/bin/python -c "import appconfig_env as one; print(*one.__path__)") || exit 1; \
	ln -s "$$installed" build/wheel/appconfig_env
	cd build/wheel && $(abspath $(VENV_WHEEL))/bin/python $(PYTEST) $(ALONE) $(ARGS)

.PHONY: test-shard
test-shard: $(DEV) $(SAM) $(RIE) ## run one part of all tests: make test-shard SHARD=1/4
	@files=$$($(BIN)/python tools/shards.py $(SHARD)) || exit 1; \
	set -x; $(BIN)/python $(PYTEST) $$files $(ARGS)

# Not part of `make test`: the tools take 800 MB.
.PHONY: test-deploying
test-deploying: $(DEV) $(SAM) $(DEPLOYING) ## test examples/ with SAM, CDK, Terraform and Serverless (downloads 300 MB)
	$(BIN)/python -m pytest tests/deploying $(ARGS)

.PHONY: test-docs
test-docs: $(DEV) ## test the documents only: links, examples, tables, the site, the page on PyPI
	$(BIN)/python -m pytest -k "test_blocks or test_command or test_docs or test_guides or test_pypi_page or test_readme or test_reference or test_site" $(ARGS)

# The theme's authors announce the end of its life, in May 2027, at every build; Zensical, its successor,
# reads the same mkdocs.yml.
.PHONY: docs
docs: $(SITE) ## build the documentation as a site into site
	@$(VENV_DOCS)/bin/python tools/stage_site.py
	@NO_MKDOCS_2_WARNING=1 $(VENV_DOCS)/bin/python -m mkdocs build --strict --quiet

.PHONY: mutations
mutations: $(DEV) ## break each claim of SECURITY.md and docs/reliability.md in a copy: its test must fail (half an hour)
	@$(WITH_PYTHONS) $(BIN)/python -m tests.support.mutate $(ARGS)

# Not part of lint: actionlint has no wheel on PyPI. Go verifies its sources by hash.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
.PHONY: actionlint
actionlint: ## run actionlint on .github/workflows (needs Go)
	go run $(ACTIONLINT)

.PHONY: dist
dist: $(RUNTIME) ## build the wheel and the sdist into dist
	@$(BIN)/python tools/prebuild_byte_code.py --check
	@rm -f dist/appconfig_env-*
	@$(BIN)/python -m hatchling build -d dist

.PHONY: test-pythons
test-pythons: ## run the tests that need no other software, with each CPython from 3.11 to 3.15
	@found=$$($(PYTHON) -m tests.support.pythons $(PYTHONS)) || exit 1; failed=; \
	for python in $$found; do \
		echo "make: testing with $$python"; \
		$(MAKE) --no-print-directory --makefile $(firstword $(MAKEFILE_LIST)) test-python PYTHON=$$python || \
			failed="$$failed $$python"; \
	done; \
	[ -z "$$failed" ] || { echo "make: the tests failed with$$failed" >&2; exit 1; }

.PHONY: test-python
test-python: $(SUBSET)
	$(BIN)/python $(PYTEST) $(ALONE) $(ARGS)

.PHONY: test-arm64
test-arm64: $(DEV) $(ARM64) ## test the layer with CPython for arm64 under QEMU (needs Debian)
	$(BIN)/python -m pytest -o faulthandler_timeout=900 tests/support/arm64.py $(ARGS)

# Where the committed byte code is older than the sources, Pythons compile: those on PATH and, as a last
# resort, those of tools/get_pythons.sh.
WITH_PYTHONS := PATH="$$PATH:$(CURDIR)/.tools/pythons/bin"
.PHONY: layer
layer: $(RUNTIME) ## build dist/appconfig-env-layer.zip and its bill of materials
	@$(WITH_PYTHONS) $(BIN)/appconfig-env layer

.PHONY: bytecode
bytecode: $(RUNTIME) ## compile the byte code that the package brings along, with each CPython from 3.11 to 3.15
	@found=$$($(PYTHON) -m tests.support.pythons $(PYTHONS)) || exit 1; \
	$(BIN)/python tools/prebuild_byte_code.py $$found

.PHONY: bench
bench: $(DEV) ## measure the cost of the wrapper and the helper, and fill docs/performance.md
	@$(WITH_PYTHONS) $(BIN)/python -m benchmarks --docs docs $(ARGS)

.PHONY: fleet
fleet: $(DEV) ## simulate fleets of up to 10,000 cold starts, and fill docs/fleet.md
	@$(BIN)/python -m simulations --docs docs

.PHONY: architecture
architecture: $(DEV) ## draw the pictures of docs/architecture.md, and fill its marked parts from the code
	@$(BIN)/python tools/draw_architecture.py

.PHONY: troubleshooting
troubleshooting: $(DEV) ## fill the tables of docs/troubleshooting.md from the code
	@$(BIN)/python -m tools.write_troubleshooting

.PHONY: reference
reference: $(DEV) ## fill the reference's marked parts from the code, and the README's figures
	@$(BIN)/python -m tools.write_reference

.PHONY: command
command: $(DEV) ## fill docs/command.md from the verbs of the command
	@$(BIN)/python -m tools.write_command

.PHONY: fuzz
fuzz: $(FUZZ) ## search for inputs that break an invariant, with atheris; make fuzz ARGS="--seconds 60 documents"
	@$(VENV_FUZZ)/bin/python -m tests.hostile.fuzz $(ARGS)

.PHONY: sam
sam: $(SAM) ## validate template.yaml, and build it without Docker
	$(VENV_SAM)/bin/cfn-lint template.yaml
	SAM_CLI_TELEMETRY=0 $(VENV_SAM)/bin/sam validate --lint
	SAM_CLI_TELEMETRY=0 $(VENV_SAM)/bin/sam build

# `sam build` calls these two targets for the layer and the function of that name in template.yaml.
.PHONY: build-ExampleFunction
build-ExampleFunction:
	@cp examples/handler.py "$(ARTIFACTS_DIR)"

.PHONY: build-AppConfigEnvLayer
build-AppConfigEnvLayer:
	@[ -x $(BIN)/appconfig-env ] || $(MAKE) --makefile $(firstword $(MAKEFILE_LIST)) $(RUNTIME)
	@$(WITH_PYTHONS) $(BIN)/python -m appconfig_env._cli.layer --output "$(ARTIFACTS_DIR)"

# Versions change only if requirements/*.in or pyproject.toml require it.
COMPILE = $(VENV_LOCK)/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --only-binary :all: --emit-build-options \
	--custom-compile-command "make lock" $(ARGS) > /dev/null
SAME := -c requirements/dev.txt
LOWEST := --resolution lowest-direct --all-extras pyproject.toml requirements/tests.in requirements/build.in
.PHONY: lock
lock: $(LOCK) ## write requirements/*.txt, with npm osls's lock; to update every version: make lock ARGS=--upgrade
	@echo "make: writing requirements/*.txt"
	@$(COMPILE) requirements/dev.in -o requirements/dev.txt
	@$(COMPILE) requirements/runtime.in $(SAME) -o requirements/runtime.txt
	@$(COMPILE) requirements/build.in $(SAME) -o requirements/build.txt
	@$(COMPILE) requirements/fuzz.in $(SAME) -o requirements/fuzz.txt
	@$(COMPILE) requirements/pythons.in $(SAME) -o requirements/pythons.txt
	@$(COMPILE) $(LOWEST) -o requirements/floors.txt
	@$(COMPILE) requirements/sam.in -o requirements/sam.txt
	@$(COMPILE) requirements/docs.in -o requirements/docs.txt
	@$(COMPILE) requirements/deploying.in -o requirements/deploying.txt
	@command -v npm > /dev/null || { echo "make: npm not found; install Node.js" >&2; exit 1; }
	@cd requirements/osls && npm install --package-lock-only --omit-lockfile-registry-resolved \
		--ignore-scripts --no-audit --no-fund --loglevel error > /dev/null
	@$(COMPILE) requirements/pip.in -o requirements/pip.txt
	@$(COMPILE) requirements/lock.in -o requirements/lock.txt

.PHONY: clean
clean: ## remove everything that make created
	rm -rf .venv* .tools dist build site .aws-sam .coverage .coverage.* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find $(wildcard $(SOURCES)) -name __pycache__ -type d -prune -exec rm -rf {} +

# The environments. Each has a stamp file; make updates the environment when a prerequisite is newer than
# that file.

define create
@[ -x $(1)/bin/pip ] || { \
	command -v $(PYTHON) > /dev/null || \
		{ echo "make: $(PYTHON) not found; name a Python 3.11 or newer: make PYTHON=/path/to/python3" >&2; exit 1; }; \
	$(PYTHON) tools/create_venv.py $(1); }
@$(1)/bin/python $(PIP) $(HASHED)/pip.txt
endef
CREATED_BY := tools/create_venv.py requirements/pip.txt

$(RUNTIME): pyproject.toml requirements/runtime.txt requirements/build.txt $(CREATED_BY)
	@echo "make: preparing $(VENV)"
	$(call create,$(VENV))
	@$(BIN)/python $(PIP) $(HASHED)/runtime.txt $(HASHED)/build.txt
	@$(BIN)/python $(PIP) $(EDITABLE)
	@touch $@

$(DEV): $(RUNTIME) requirements/dev.txt
	@echo "make: adding the test requirements to $(VENV)"
	@$(BIN)/python $(PIP) $(HASHED)/dev.txt
	@touch $@

$(SUBSET): $(RUNTIME) requirements/pythons.txt
	@$(BIN)/python $(PIP) $(HASHED)/pythons.txt
	@touch $@

$(FLOORS): pyproject.toml requirements/floors.txt $(CREATED_BY)
	@echo "make: preparing $(VENV_FLOORS)"
	$(call create,$(VENV_FLOORS))
	@$(VENV_FLOORS)/bin/python $(PIP) $(HASHED)/floors.txt
	@$(VENV_FLOORS)/bin/python $(PIP) $(EDITABLE)
	@touch $@

$(WHEELED): $(wildcard dist/appconfig_env-*.whl) requirements/dev.txt $(CREATED_BY)
	@[ -n "$(wildcard dist/appconfig_env-*.whl)" ] || { echo "make: no wheel in dist; run: make dist" >&2; exit 1; }
	@echo "make: preparing $(VENV_WHEEL)"
	$(call create,$(VENV_WHEEL))
	@$(VENV_WHEEL)/bin/python $(PIP) $(HASHED)/dev.txt
	@$(VENV_WHEEL)/bin/python $(PIP) $(WHEEL)
	@touch $@

$(SAM): requirements/sam.txt $(CREATED_BY)
	@echo "make: preparing $(VENV_SAM)"
	$(call create,$(VENV_SAM))
	@$(VENV_SAM)/bin/python $(PIP) $(HASHED)/sam.txt
	@touch $@

$(FUZZ): pyproject.toml requirements/fuzz.txt requirements/build.txt $(CREATED_BY)
	@echo "make: preparing $(VENV_FUZZ)"
	$(call create,$(VENV_FUZZ))
	@$(VENV_FUZZ)/bin/python $(PIP) $(HASHED)/fuzz.txt $(HASHED)/build.txt
	@$(VENV_FUZZ)/bin/python $(PIP) $(EDITABLE)
	@touch $@

$(SITE): requirements/docs.txt $(CREATED_BY)
	@echo "make: preparing $(VENV_DOCS)"
	$(call create,$(VENV_DOCS))
	@$(VENV_DOCS)/bin/python $(PIP) $(HASHED)/docs.txt
	@touch $@

$(DEPLOYING): requirements/deploying.txt requirements/osls/package.json requirements/osls/package-lock.json $(CREATED_BY)
	@echo "make: preparing $(VENV_DEPLOYING)"
	$(call create,$(VENV_DEPLOYING))
	@$(VENV_DEPLOYING)/bin/python $(PIP) $(HASHED)/deploying.txt
	@mkdir -p $(VENV_DEPLOYING)/osls
	@cp requirements/osls/package*.json $(VENV_DEPLOYING)/osls
	@PATH="$(abspath $(VENV_DEPLOYING))/bin:$$PATH" npm ci --prefix $(VENV_DEPLOYING)/osls \
		--ignore-scripts --no-audit --no-fund --loglevel error
	@PATH="$(abspath $(VENV_DEPLOYING))/bin:$$PATH" \
		JSII_RUNTIME_PACKAGE_CACHE_ROOT=$(abspath $(VENV_DEPLOYING))/jsii \
		JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1 \
		$(VENV_DEPLOYING)/bin/python -c "import aws_cdk"
	@touch $@

$(LOCK): requirements/lock.txt $(CREATED_BY)
	@echo "make: preparing $(VENV_LOCK)"
	$(call create,$(VENV_LOCK))
	@$(VENV_LOCK)/bin/python $(PIP) $(HASHED)/lock.txt
	@touch $@

# AWS's runtime emulator, a static binary inside the SAM command's wheel.
$(RIE): $(SAM)
	@mkdir -p .tools
	@cp $(VENV_SAM)/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$$(uname -m | sed 's/aarch64/arm64/') $@.part
	@chmod 755 $@.part
	@mv $@.part $@

$(ARM64): tools/get_pythons.sh
	@echo "make: unpacking CPython for arm64"
	@ARCH=arm64 sh tools/get_pythons.sh .tools/pythons-arm64
	@touch $@
