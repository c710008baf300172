# Everything a fresh machine with Python >= 3.11 (with venv) needs: `make demo`, `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check suite test-cluster fmt docs bench-pickles pictures protos clean

demo: .venv/runtime
	$(BIN)/audit demo

test: check suite

check: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

suite: .venv/development
	$(BIN)/python -m pytest -n auto --dist worksteal

# Sweeps on a Ray cluster of two nodes of this machine, in an environment that has the extra.
test-cluster: .venv-cluster/ready
	.venv-cluster/bin/python -m pytest tests/audit/test_ray_engine.py

# The real unpicklers against ours, for long: ORACLE_STREAMS=200000, ORACLE_SECONDS=0, ORACLE_SEED, ORACLE_PYTHONS.
oracle: .venv/development
	ORACLE_STREAMS=$${ORACLE_STREAMS:-200000} $(BIN)/python -m pytest -s tests/properties/test_pickle_oracle.py

# The same of torch's own readers: PYTHON_TORCH is an interpreter that has torch.
oracle-torch: .venv/development
	$(BIN)/python -m tests.properties.torch_oracle $(PYTHON_TORCH)

# Attacks cut at every byte, and with a byte put in at every byte: none may look better for it.
suspicion: .venv/development
	SUSPICION=1 $(BIN)/python -m pytest -n auto --dist worksteal tests/properties/test_suspicion.py

# The HDF5 reader against h5py: PYTHON_H5PY is an interpreter that has it; ORACLE_FILES, ORACLE_BENDS, ORACLE_SEED.
oracle-hdf5: .venv/development
	$(BIN)/python -m tests.properties.hdf5_oracle $(PYTHON_H5PY)

# Bent files against a reader, or all: READER=gguf SECONDS=600 SAMPLES=folder PAGE=1 (into docs/fuzzing.md). What is found
# lies in fuzz-found/. `fuzz-each` goes through all readers, so many seconds each.
fuzz fuzz-each: .venv/development
	$(BIN)/python -m tests.properties.fuzz $(SAMPLES) --seconds $${SECONDS:-600} $(addprefix --reader=,$(READER)) \
	    $(if $(filter fuzz-each,$@)$(PAGE),--each) $(if $(PAGE),--page)

# The files that tests of scanners make, as samples: `make fuzz-samples`, then `make fuzz SAMPLES=fuzz-samples`.
fuzz-samples: .venv/development
	$(BIN)/python -m pytest -q -p tests.properties.gather tests/scanners

fmt: .venv/development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/development
	$(BIN)/python -m tests.craft.table
	$(BIN)/python -m tests.craft.formats_doc
	$(BIN)/python -m tests.craft.sql_doc
	$(BIN)/python -m tests.craft.examples

# The pickle reader beside other scanners, into docs/bench.md.
bench-pickles: .venv/development .bench/ready
	$(BIN)/python bench/pickles.py .bench/bin/python

# The pictures of the page, of a made-up history; needs Debian's chromium.
pictures: .venv/development
	$(BIN)/python bench/report.py --pictures

# The messages of file formats: what the compiler makes of scanners/protos/*.proto.
protos:
	$(PYTHON) -m venv .protos
	.protos/bin/pip install --quiet grpcio-tools==1.85.1
	.protos/bin/python -m tests.craft.protos

.venv/runtime: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hub-audit needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/development: .venv/runtime requirements-dev.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --requirement requirements-dev.txt
	touch $@

.bench/ready: bench/peers.txt
	$(PYTHON) -m venv .bench
	.bench/bin/pip install --quiet --requirement bench/peers.txt
	touch $@

.venv-cluster/ready: pyproject.toml constraints.txt requirements-dev.txt
	$(PYTHON) -m venv .venv-cluster
	.venv-cluster/bin/pip install --quiet --constraint constraints.txt --requirement requirements-dev.txt --editable '.[cluster]'
	touch $@

clean:
	rm -rf .venv .venv-cluster .bench .protos .pytest_cache .mypy_cache .ruff_cache .hypothesis
