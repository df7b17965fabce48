# The front door: everything a person or CI runs. `make help` lists it.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
export CCACHE_DIR ?= $(HOME)/.cache/ccache
RELEASE := build/release

.PHONY: help bootstrap build llm demo test test-asan test-slow bench bench-decisions tidy clean
help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

bootstrap: ## fetch and check every dependency
	@scripts/bootstrap.sh

build: bootstrap ## the release binary, build/bin/neurolake
	@scripts/build.sh release neurolake neurolake-audit-verify neurolake-extract
	@mkdir -p build/bin build/lib build/share/neurolake && cp -u $(addprefix $(RELEASE)/bin/,neurolake neurolake-audit-verify neurolake-extract) build/bin/ && cp -u $(RELEASE)/lib/*.so build/lib/ && cp -u $(RELEASE)/share/neurolake/* build/share/neurolake/

llm: build ## and neurolake-llm, which runs language models from files (docs/models.md)
	@scripts/bootstrap.sh --llm
	@scripts/build.sh release neurolake-llm
	@mkdir -p build/lib/llama && cp -u $(RELEASE)/bin/neurolake-llm build/bin/ && cp -u $(RELEASE)/lib/llama/*.so build/lib/llama/

demo: build ## raw CSV files to governed Delta tables, with a server to look at afterwards
	@scripts/demo.sh

# What only tests need is fetched while the compiler works.
test: ## every test
	@scripts/bootstrap.sh
	@scripts/bootstrap.sh --tests & prepared=$$!; scripts/build.sh release all; wait $$prepared || exit 1; scripts/test.sh release

test-asan: ## the C++ tests under AddressSanitizer and UBSan
	@scripts/bootstrap.sh --tests
	@scripts/build.sh asan all && cd build/asan && ASAN_OPTIONS=detect_leaks=0 ctest --output-on-failure

test-slow: ## what needs Spark or long runs
	@scripts/bootstrap.sh --slow
	@scripts/test_slow.sh

bench: build ## benchmarks; appends to bench/RESULTS.md
	@bench/run.sh

bench-decisions: build ## how long one policy decision takes
	@scripts/build.sh release decision_bench && $(RELEASE)/src/decision_bench

tidy: ## include rules, banned calls, file and function length
	@python3 scripts/tidy.py

clean: ## everything built, not the dependency cache
	@rm -rf build
