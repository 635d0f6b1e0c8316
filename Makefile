# What a fresh machine needs is Python 3.11 or newer and make; everything else is fetched from PyPI
# into .venv, .venv-sam and .tools. Another Python: make test PYTHON=python3.13
#
# All that is fetched is named in requirements/*.txt by version and SHA-256, what it depends on as well,
# and nothing is built of it: only wheels are taken. `make lock` writes those files.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
# An environment for each Python that is named, so that none is taken for another.
NAMED := $(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
VENV ?= .venv$(NAMED)
VENV_FLOORS := .venv-floors$(NAMED)
VENV_SAM := .venv-sam
VENV_FUZZ := .venv-fuzz$(NAMED)
VENV_WHEEL := .venv-wheel$(NAMED)
VENV_LOCK := .venv-lock
BIN := $(VENV)/bin
PIP := -m pip install --quiet --disable-pip-version-check
HASHED := --require-hashes --only-binary :all: -r requirements
# The project itself: what builds it is installed before, by hash, and nothing is fetched for it.
EDITABLE := --no-index --no-deps --no-build-isolation -e .
# Or as its users have it.
WHEEL := --no-index --no-deps --force-reinstall dist/appconfig_env-*.whl
SOURCES := appconfig_env tests examples tools benchmarks
# What runs other software than the lowest versions we promise: moto, ministack, AWS's runtime, SAM,
# tools for packages, pages and types; and the benchmarks, which compare with others.
EXTERNAL := emulators release typing contract/test_fake_aws.py lifecycle/test_gunicorn.py lifecycle/test_snapstart.py
ALONE := -k "not moto and not ministack" $(EXTERNAL:%=--ignore=tests/%)
# Tests run in as many processes as there are cores; in one: make test WORKERS=0
WORKERS ?= auto
PYTEST := -m pytest --numprocesses $(WORKERS) --dist loadgroup
# Where it is set, every worker compiles all test files again: 3 s of each core in `make test-fast`.
unexport PYTHONDONTWRITEBYTECODE
# Further words for pytest: make test ARGS="-k snapshot -x", or make bench ARGS="--rounds 8 --rtt 5"
ARGS ?=

RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
FLOORS := $(VENV_FLOORS)/.floors
WHEELED := $(VENV_WHEEL)/.wheel
SAM := $(VENV_SAM)/.sam
FUZZ := $(VENV_FUZZ)/.fuzz
LOCK := $(VENV_LOCK)/.lock
RIE := .tools/aws-lambda-rie

.PHONY: help
help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

.PHONY: demo
demo: $(RUNTIME) ## run the example under the wrapper, change a document, see the new value
	@$(BIN)/python examples/demo.py

.PHONY: test
test: $(DEV) $(SAM) $(RIE) lint ## everything: format, lint, types, all tests
	$(BIN)/python $(PYTEST) $(ARGS)

.PHONY: test-fast
test-fast: $(DEV) ## the unit tests and the import rules, in under 30 s
	$(BIN)/python $(PYTEST) --hypothesis-profile fast tests/unit $(ARGS)

.PHONY: lint
lint: $(DEV) ## ruff, mypy, pyright, bandit, and what checks .github
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/zizmor --offline --no-progress --quiet --persona pedantic .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive appconfig_env tools

.PHONY: format
format: $(DEV) ## let ruff format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: test-floors
test-floors: $(FLOORS) ## the tests that need no other software, with the lowest versions we promise
	$(VENV_FLOORS)/bin/python $(PYTEST) $(ALONE) $(ARGS)

# The sources' package is removed, so that nothing is tested but what the wheel brings.
.PHONY: test-wheel
test-wheel: $(WHEELED) ## the tests that need no other software, with the wheel that make dist has built
	@rm -rf build/wheel
	@mkdir -p build/wheel
	@tar -xzf dist/appconfig_env-*.tar.gz -C build/wheel --strip-components 1
	@rm -r build/wheel/appconfig_env
	@ln -s $$(cd / && $(abspath $(VENV_WHEEL))/bin/python -c "import appconfig_env as one; print(*one.__path__)") build/wheel/appconfig_env
	cd build/wheel && $(abspath $(VENV_WHEEL))/bin/python $(PYTEST) $(ALONE) $(ARGS)

.PHONY: test-shard
test-shard: $(DEV) $(SAM) $(RIE) ## one part of all tests: make test-shard SHARD=1/4
	$(BIN)/python $(PYTEST) $$($(BIN)/python tools/shards.py $(SHARD)) $(ARGS)

.PHONY: test-docs
test-docs: $(DEV) ## the pages alone: links, examples, tables, and the page on PyPI
	$(BIN)/python -m pytest -k "test_docs or test_pypi_page or test_readme" $(ARGS)

# There is no wheel of it on PyPI, so it is not part of lint: Go checks what it builds by hash.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
.PHONY: actionlint
actionlint: ## actionlint over .github/workflows; needs Go
	go run $(ACTIONLINT)

.PHONY: dist
dist: $(RUNTIME) ## build the wheel and the sdist into dist
	@rm -f dist/appconfig_env-*
	@$(BIN)/python -m hatchling build -d dist

.PHONY: layer
layer: $(RUNTIME) ## build dist/appconfig-env-layer.zip, and its bill of materials beside it
	@$(BIN)/appconfig-env layer

.PHONY: bench
bench: $(DEV) ## measure what the wrapper and the helper cost, and write docs/performance.md
	@$(BIN)/python -m benchmarks --docs docs $(ARGS)

.PHONY: fleet
fleet: $(DEV) ## start fleets of up to 10,000 in virtual time, and write docs/fleet.md
	@$(BIN)/python -m benchmarks.fleet --docs docs

.PHONY: fuzz
fuzz: $(FUZZ) ## let atheris look for inputs that break a promise; make fuzz ARGS="--seconds 60 documents"
	@$(VENV_FUZZ)/bin/python -m tests.hostile.fuzz $(ARGS)

.PHONY: sam
sam: $(SAM) ## check template.yaml, and build it without Docker
	$(VENV_SAM)/bin/cfn-lint template.yaml
	SAM_CLI_TELEMETRY=0 $(VENV_SAM)/bin/sam validate --lint
	SAM_CLI_TELEMETRY=0 $(VENV_SAM)/bin/sam build

# `sam build` calls these two, for the layer and the function of that name in template.yaml. Byte code
# is for the function's own Python, where that is here.
RUNTIME_OF_TEMPLATE = $(shell sed -n 's/^ *Runtime: *//p' template.yaml | head -n 1)
LAYER_PYTHON = $(shell $(RUNTIME_OF_TEMPLATE) -c "" 2> /dev/null && echo $(RUNTIME_OF_TEMPLATE) || echo $(BIN)/python)
.PHONY: build-ExampleFunction
build-ExampleFunction:
	@cp examples/handler.py "$(ARTIFACTS_DIR)"

.PHONY: build-AppConfigEnvLayer
build-AppConfigEnvLayer:
	@[ -x $(BIN)/appconfig-env ] || $(MAKE) --makefile $(firstword $(MAKEFILE_LIST)) $(RUNTIME)
	@$(BIN)/python -m appconfig_env._cli.layer --output "$(ARTIFACTS_DIR)" --python $(LAYER_PYTHON)

# Versions stay unless the *.in beside them, or pyproject.toml, ask for others.
COMPILE = $(VENV_LOCK)/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --only-binary :all: --emit-build-options \
	--custom-compile-command "make lock" $(ARGS) > /dev/null
SAME := -c requirements/dev.txt
LOWEST := --resolution lowest-direct --all-extras pyproject.toml requirements/tests.in requirements/build.in
.PHONY: lock
lock: $(LOCK) ## write requirements/*.txt; all that may be newer: make lock ARGS=--upgrade
	@echo "make: writing requirements/*.txt"
	@$(COMPILE) requirements/dev.in -o requirements/dev.txt
	@$(COMPILE) requirements/runtime.in $(SAME) -o requirements/runtime.txt
	@$(COMPILE) requirements/build.in $(SAME) -o requirements/build.txt
	@$(COMPILE) requirements/fuzz.in $(SAME) -o requirements/fuzz.txt
	@$(COMPILE) $(LOWEST) -o requirements/floors.txt
	@$(COMPILE) requirements/sam.in -o requirements/sam.txt
	@$(COMPILE) requirements/pip.in -o requirements/pip.txt
	@$(COMPILE) requirements/lock.in -o requirements/lock.txt

.PHONY: clean
clean: ## remove all that make made
	rm -rf .venv* .tools dist build .aws-sam .coverage .coverage.* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find $(wildcard $(SOURCES)) -name __pycache__ -type d -prune -exec rm -rf {} +

# The environments. Each is a stamp file that is older than what it was made from when it must be renewed.

define create
@[ -x $(1)/bin/pip ] || { \
	command -v $(PYTHON) > /dev/null || \
		{ echo "make: no $(PYTHON) here; name one: make PYTHON=/path/to/python3 (3.11 or newer)" >&2; exit 1; }; \
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
	@echo "make: adding what the tests need to $(VENV)"
	@$(BIN)/python $(PIP) $(HASHED)/dev.txt
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
