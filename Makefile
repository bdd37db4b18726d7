# run: everything, from nothing to figures · test: what CI runs · ui: the Dagster UI · bench: ratios against peers
# test-spark: the same tables on Apache Spark · test-superset: the dashboard in a real Superset
# docs: the documentation as a site, in site/
# train-reasoner: make the shipped checkpoints again, and say what the models can do
# generate: write the committed files that follow from others
.PHONY: run test test-spark java test-superset types sql ui bench docs train-reasoner format generate clean

# Many processes are started, and each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
SPARK_VENV := .venv-spark
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Modules are compiled when they are first used; compiling all of them up front takes a good part of the installation.
INSTALL := $(PIP) install --quiet --no-compile --constraint constraints.txt
INSTALL_FAST := $(PIP) install --quiet --no-compile --no-deps
# Everything but PyTorch is checked against its hash (.ci/lock.py says why); PyTorch comes by its pin, in the build that
# suits the machine.
INSTALL_LOCKED := $(INSTALL_FAST) --require-hashes --requirement
# PyTorch, and what only tests need, beside all others: pip takes one package after another. Then what PyTorch needs that
# they do not (the libraries of a CUDA build).
define install
	$(INSTALL_FAST) --constraint constraints.txt torch & torch=$$!; \
		$(if $(2),$(INSTALL_LOCKED) $(2),true) & tools=$$!; \
		$(INSTALL_LOCKED) $(1) && wait $$torch && wait $$tools
	$(INSTALL) torch
	$(INSTALL_FAST) --editable .
endef
DEPENDENCIES := pyproject.toml constraints.txt requirements.txt requirements-dev.txt

run: $(VENV)/.installed
	$(BIN)/incoherence run

test: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(MAKE) --jobs 2 types sql
	@# Three processes on two cores: tests wait for servers and for processes that they start.
	$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder

test-spark: java $(SPARK_VENV)/.installed
	$(SPARK_VENV)/bin/python -m pytest tests/spark

java:
	@"$${JAVA_HOME:+$$JAVA_HOME/bin/}java" -version >/dev/null 2>&1 || { echo "Spark needs Java 17: apt-get install openjdk-17-jre-headless" >&2; exit 1; }

# In an environment of its own, .superset/environment: 2 GB, some minutes the first time.
test-superset: $(VENV)/.installed-dev
	$(BIN)/python docs/examples/superset/start.py --home .superset --install-only
	$(BIN)/python -m pytest tests/test_superset.py

types: $(VENV)/.installed-dev
	$(BIN)/mypy

sql: $(VENV)/.installed-dev
	$(BIN)/sqlfluff lint dbt

ui: $(VENV)/.installed
	$(BIN)/incoherence ui

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

docs: $(VENV)/.installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "Open site/index.html"

train-reasoner: $(VENV)/.installed
	$(BIN)/python -m synthetic.reasoner.train
	$(BIN)/python -m synthetic.reasoner.evaluate

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix dbt

# Columns and exposures of dbt, and the asset graph as it is reviewed.
generate: $(VENV)/.installed-dev
	$(BIN)/python -m warehouse.dbt_columns
	$(BIN)/python -m warehouse.dbt_exposures
	UPDATE_SNAPSHOTS=1 $(BIN)/python -m pytest --quiet tests/dagster_project/test_graph.py

clean:
	rm -rf $(VENV) $(SPARK_VENV) .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

# A changed dependency list makes the environment stale; it is then brought up to date in place.
$(VENV)/.installed: $(DEPENDENCIES) | $(BIN)/python
	@echo "Installing into $(VENV) (a few minutes the first time)"
	$(call install,requirements.txt)
	@touch $@

$(VENV)/.installed-dev: $(DEPENDENCIES) | $(BIN)/python
	@echo "Installing into $(VENV) with development tools (a few minutes the first time)"
	$(call install,requirements.txt,requirements-dev.txt)
	@touch $@ $(VENV)/.installed

# What $(VENV) has, and Spark: an environment of its own, because half a gigabyte is not for everyone.
$(SPARK_VENV)/.installed: requirements-spark.txt $(VENV)/.installed-dev
	@echo "Installing Spark into $(SPARK_VENV) (some minutes the first time)"
	$(BIN)/python -m venv --clear $(SPARK_VENV)
	@# Through site, so that what is installed there for editing is found too.
	$(BIN)/python -c 'import site; print("import site; site.addsitedir(%r)" % site.getsitepackages()[0])' \
		> "$$($(SPARK_VENV)/bin/python -c 'import site; print(site.getsitepackages()[0])')/base.pth"
	$(SPARK_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --no-deps \
		--require-hashes --requirement requirements-spark.txt
	@touch $@
