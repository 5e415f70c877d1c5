# SPDX-License-Identifier: MIT
#
# `make demo` and `make test` need Python 3.11 or newer and a C compiler, and say so
# where something is missing.  Everything is made below this directory.

PYTHON ?= python3
VENV   ?= .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip install --quiet --disable-pip-version-check

CSRC   := $(shell find csrc -name '*.[ch]' -o -name '*.py')
NATIVE := v4l2capture/_native.abi3.so
ASAN   := build/asan/lib
BENCH  := $(addprefix build/bench/,countlib.so sum.so cloop cctrl)

# Tests without a guest mostly wait for a camera: they have no need of each other's turn.
PARALLEL := --numprocesses=auto --maxprocesses=8

# What the tests of faults have said, of each run.
FAULTS := build/faults

FUZZERS      := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 20
FUZZ_SEED    ?= 1

SOAK_SECONDS ?= 600
SOAK_SEED    ?=

TSAN_SECONDS ?= 10
TSAN_SEED    ?= 1

# Without this, setuptools takes the compiler that Python was built with.
export CC
unexport VIRTUAL_ENV PYTHONHOME
# Tests start Python hundreds of times; without bytecode each start compiles the library again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-asan test-tsan test-hil faults fuzz soak bench docs lint format wheel clean build FORCE

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 12

demo: build ## take a picture with the first camera, or with a simulated one
	@$(PY) tools/demo.py photo.jpg

test: build $(VENV)/test.stamp ## unit tests and simulated camera: no root, no hardware
	$(PY) -m pytest $(PARALLEL) --faults-to=$(FAULTS)/here.json

# Built beside the checkout, so that `make test` never loads a sanitized module.
# libstdc++ comes along because libasan looks for its exceptions at the start.
test-asan: build $(VENV)/test.stamp ## the same under address and undefined-behaviour sanitizers
	@rm -f $(ASAN)/v4l2capture/*.py
	V4L2CAPTURE_SANITIZE=1 $(PY) setup.py --quiet build --build-base build/asan --build-lib $(ASAN)
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libstdc++.so)" \
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	PYTHONPATH=$(ASAN) PYTHONSAFEPATH=1 $(PY) -m pytest $(PARALLEL) --capture=sys

test-tsan: build/tsan/ring_threads ## threads that share a camera, under the thread sanitizer
	@echo "$<: $(TSAN_SECONDS) s, seed $(TSAN_SEED)"
	@TSAN_OPTIONS=halt_on_error=1 $(TSAN_RUN) $< $(TSAN_SECONDS) $(TSAN_SEED)

test-hil: build $(VENV)/test.stamp $(VENV)/hil.stamp ## against real kernel drivers, in a QEMU guest
	@# An emulated processor takes a minute to compile the tests: that is done here. What is wrong
	@# with them shows there.
	@V4L2CAPTURE_HIL=1 $(PY) -m pytest --quiet --collect-only tests/sim tests/hil >/dev/null || :
	@$(PY) -m compileall -q tools/hil/usbcam v4l2capture
	$(PY) tools/hil/run --timeout 3000 -- sh -c 'status=0; \
		$(PY) -m pytest --faults-to=$(FAULTS)/sim.json -m "vivid or uvc" tests/sim || status=1; \
		$(PY) -m pytest --faults-to=$(FAULTS)/hil.json tests/hil || status=1; \
		exit $$status'

# Who has run the two above has the results already: python -m tests.faults prints them.
faults: build $(VENV)/test.stamp $(VENV)/hil.stamp ## what cameras do wrong, and the tests of it on every driver
	@rm -rf $(FAULTS); status=0; \
	$(PY) -m pytest $(PARALLEL) --quiet --faults-to=$(FAULTS)/here.json -m quirk || status=1; \
	$(PY) tools/hil/run -- $(PY) -m pytest --quiet --faults-to=$(FAULTS)/hil.json \
		-m 'quirk and (vivid or uvc or loopback)' tests/sim tests/hil || status=1; \
	$(PY) -m tests.faults || status=1; \
	exit $$status

fuzz: build $(VENV)/test.stamp $(FUZZERS) ## random input for FUZZ_SECONDS each, from FUZZ_SEED
	@test -n "$(FUZZERS)" || { echo "There is no tests/fuzz/fuzz_*.c" >&2; exit 1; }
	@for fuzzer in $(FUZZERS); do \
		echo "$$fuzzer: $(FUZZ_SECONDS) s, seed $(FUZZ_SEED)"; mkdir -p $$fuzzer.found; \
		$$fuzzer -seed=$(FUZZ_SEED) -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
			-print_final_stats=1 -artifact_prefix=$$fuzzer- $$fuzzer.found \
			$$(ls -d tests/fuzz/corpus/$${fuzzer##*/fuzz_}) >$$fuzzer.log 2>&1 || \
			{ tail -n 60 $$fuzzer.log; exit 1; }; \
		grep -E 'DONE|stat::number_of_executed_units' $$fuzzer.log; \
	done
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(PY) -m pytest tests/fuzz --hypothesis-seed=$(FUZZ_SEED)

soak: build $(VENV)/test.stamp ## a bad camera in use for SOAK_SECONDS, from SOAK_SEED; prints JSON
	$(PY) -m pytest --quiet tests/soak
	$(PY) -W error -m tests.soak --seconds $(SOAK_SECONDS) $(if $(SOAK_SEED),--seed $(SOAK_SEED))

bench: build $(BENCH) $(VENV)/test.stamp $(VENV)/bench.stamp $(VENV)/hil.stamp ## compare with other libraries; prints JSON
	@$(PY) tools/bench.py

docs: build $(VENV)/docs.stamp ## the manual, in build/docs; whatever Sphinx warns of is an error
	$(PY) -m sphinx --quiet --fresh-env --nitpicky --fail-on-warning \
		--doctree-dir build/doctrees docs build/docs
	@echo "build/docs/index.html"

lint: build $(VENV)/test.stamp $(VENV)/lint.stamp ## style, types, compiler warnings
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	@for source in $(filter %.c,$(CSRC)); do \
		gcc -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -fanalyzer -Icsrc \
			-S -o /dev/null $$source || exit; \
	done

format: $(VENV)/lint.stamp ## rewrite Python files in the project's style
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

wheel: build ## build sdist and wheel, and try them with every Python that is here
	$(PY) tools/check_wheel.py

clean: ## remove everything that was made here
	rm -rf $(VENV) build dist *.egg-info $(NATIVE) photo.jpg
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find csrc tests tools v4l2capture -name __pycache__ -prune -exec rm -rf {} +

# Asks make once more, since the installation has just built the C part, too.
build: $(VENV)/base.stamp
	@$(MAKE) --no-print-directory --silent $(NATIVE)

$(NATIVE): $(CSRC) setup.py
	@echo "Building $@ ..."
	@tools/bootstrap "$(PYTHON)" $(VENV)
	@$(PY) setup.py --quiet build_ext --inplace
	@touch $@

# Another Python than last time: look again.
ifneq ($(file <$(VENV)/made-with),$(PYTHON))
$(VENV)/base.stamp: FORCE
endif

$(VENV)/base.stamp: pyproject.toml tools/bootstrap
	@tools/bootstrap "$(PYTHON)" $(VENV)
	@echo "Installing v4l2capture and what it needs into $(VENV) ..."
	@PYTHONWARNINGS=ignore $(PIP) 'pip >= 25.1' 'setuptools >= 77' --editable .
	@printf '%s' "$(PYTHON)" >$(VENV)/made-with
	@touch $@

# A dependency group of pyproject.toml.  One at a time: two pips would get into each other's way.
$(VENV)/%.stamp: $(VENV)/base.stamp
	@echo "Installing what the $* lane needs ..."
	@flock $(VENV) $(PIP) --group $*
	@touch $@

build/bench/%.so: tests/bench/guest/%.c tests/bench/guest/sum.h
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -shared -fPIC -o $@ $<

build/bench/%: tests/bench/guest/%.c tests/bench/guest/sum.c tests/bench/guest/sum.h
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -o $@ $(filter %.c,$^)

TSAN_CORE := $(patsubst csrc/%.c,build/tsan/core/%.o,$(filter %.c,$(CSRC)))
# The sanitizer needs the addresses to itself; not every container lets it have them.
TSAN_RUN  = env $$(setarch -R true 2>/dev/null && echo setarch -R)

build/tsan/ring_threads: tests/tsan/ring_threads.c $(TSAN_CORE)
	@gcc -std=c11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -fsanitize=thread -Icsrc -pthread -o $@ $^

build/tsan/core/%.o: csrc/%.c $(filter %.h,$(CSRC))
	@mkdir -p $(@D)
	@gcc -std=c11 -D_GNU_SOURCE -g -O1 -fsanitize=thread -Icsrc -pthread -c -o $@ $<

FUZZ_CFLAGS := -std=c11 -D_GNU_SOURCE -g -O1 -fno-sanitize-recover=all -Icsrc -pthread
FUZZ_CORE   := $(patsubst csrc/%.c,build/fuzz/core/%.o,$(filter %.c,$(CSRC)))

.SECONDARY: $(FUZZ_CORE)

# Each fuzzer with all of the core, and with what the fuzzers share.
FUZZ_SHARED := $(filter-out tests/fuzz/fuzz_%,$(wildcard tests/fuzz/*.[ch]))
build/fuzz/%: tests/fuzz/%.c $(FUZZ_SHARED) $(FUZZ_CORE)
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer,address,undefined $(FUZZ_LINK) \
		-o $@ $(filter %.c %.o,$^)

build/fuzz/core/%.o: csrc/%.c $(filter %.h,$(CSRC))
	@command -v $(FUZZ_CC) >/dev/null || { echo "Fuzzing needs $(FUZZ_CC) and its runtime:" \
		"sudo apt-get install clang libclang-rt-dev" >&2; exit 1; }
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined $(FUZZ_TARGET) -c -o $@ $<

# Clang does not know the pragma that says so in the source.
ifeq ($(shell uname -m),x86_64)
build/fuzz/core/convert_rows_sse41.o: FUZZ_TARGET := -msse4.1
build/fuzz/core/convert_rows_avx2.o: FUZZ_TARGET := -mavx2
endif

# It chooses the instruction set itself.
build/fuzz/fuzz_convert: FUZZ_LINK := -Wl,--wrap=vc_rows_best
