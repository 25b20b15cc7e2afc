# brink: see README.md. `make help` lists what can be made.
MODE    ?= release
BUILD   := build/$(MODE)
VERSION := 0.1.0
PREFIX  ?= /usr/local

# What Debian 12 must provide. `make deps` installs what is missing.
DEPS_BUILD := gcc clang make pkg-config bpftool libbpf-dev libmnl-dev libnghttp2-dev libwslay-dev libprotobuf-c-dev libprotobuf-dev protobuf-compiler protobuf-c-compiler libmicrohttpd-dev libcap-ng-dev libgnutls28-dev liburing-dev libssl-dev libcurl4-openssl-dev libhttp-parser-dev libjansson-dev libyaml-dev libcsv-dev zlib1g-dev
DEPS_CHECK := check python3 python3-grpcio openssl user-mode-linux kmod nginx-light haproxy nghttp2-server iproute2 iptables strace wrk clang-format prometheus ethtool python3-websockets \
              libhdrhistogram-java default-jre-headless
DEPS_EXTRA := clang libclang-rt-14-dev clang-tidy gcovr nghttp2-client
DEPS_GUEST := qemu-system-x86 busybox-static
DEPS_SERVERS := apache2-bin h2o lighttpd lighttpd-mod-openssl caddy

CC       := gcc
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 -Wno-format-nonliteral
OPT      := -O2
SANITIZE :=
ifeq ($(MODE),release)
OPT      := -O2 -flto=auto -ffat-lto-objects
else ifeq ($(MODE),asan)
OPT      := -O1
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined
else ifeq ($(MODE),tsan)
OPT      := -O1
SANITIZE := -fsanitize=thread
else ifeq ($(MODE),fuzz)
CC       := clang
OPT      := -O1
WARN     += -Wno-missing-field-initializers # clang says so of designated ones too
WARN     += -Wno-gnu-variable-sized-type-not-at-end # ethtool's settings are one
SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
else ifeq ($(MODE),cover)
OPT      := -O0
SANITIZE := --coverage
endif
CFLAGS  := -std=gnu11 -g $(OPT) $(WARN) $(SANITIZE) -fno-omit-frame-pointer -pthread
CPPFLAGS := -D_GNU_SOURCE -DBRINK_VERSION='"$(VERSION)"' -Iengine -I.
LDLIBS  := -lnghttp2 -lwslay -lprotobuf-c -lbpf -luring -lssl -lcrypto -lcurl -ljansson -lyaml -lcsv -lmnl -lmicrohttpd -lgnutls -lcap-ng -lz -lm -pthread
AR      := $(if $(filter clang,$(CC)),ar,gcc-ar)

BPF_C    := $(wildcard bpf/*.bpf.c)
PROBE_C  := $(filter-out $(BPF_C),$(wildcard bpf/*.c))
ENGINE_C := $(wildcard engine/*/*.c)
TOOLS_C  := $(wildcard tools/*.c tools/*/*.c)
UNIT_C   := $(wildcard tests/unit/test_*.c)
SIM_C    := $(wildcard tests/sim/*.c)
SEARCH_C := $(wildcard tests/search/*.c)
FUZZ_C   := $(wildcard tests/fuzz/fuzz_*.c)
BENCH_C  := $(wildcard tests/bench/*.c)
DESCRIPTOR := $(BUILD)/google/protobuf/descriptor.pb-c
ENGINE_O := $(ENGINE_C:%.c=$(BUILD)/%.o) $(PROBE_C:%.c=$(BUILD)/%.o) $(DESCRIPTOR).o
TOOLS_O  := $(TOOLS_C:%.c=$(BUILD)/%.o)
UNITS    := $(UNIT_C:%.c=$(BUILD)/%)
BENCHES  := $(BENCH_C:%.c=$(BUILD)/%)
FUZZERS  := $(FUZZ_C:%.c=$(BUILD)/%)
SIM      := $(if $(SIM_C),$(BUILD)/tests/sim/test_sim)
SEARCH   := $(if $(SEARCH_C),$(BUILD)/tests/search/test_search)
HELPERS  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/lib/*.c))
PRELOAD  := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/preload/*.c))
LIB      := $(BUILD)/libbrink.a
SKELETONS := $(BPF_C:%.bpf.c=$(BUILD)/%.skel.h)
BRINK    := $(BUILD)/brink
Q        := $(if $(V),,@) # make V=1 shows the commands
SOURCES  := $(shell find engine bpf tools tuning tests -name '*.[ch]' 2>/dev/null)

.PHONY: all
all: $(BRINK) ## build the program: build/release/brink, linked as ./brink
ifeq ($(MODE),release)
	@ln -sfn $(BRINK) brink
endif

$(BRINK): $(TOOLS_O) $(LIB)
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS) -o $@ $^ -lhttp_parser $(LDLIBS)

$(LIB): $(ENGINE_O)
	@rm -f $@
	@echo "  AR   $@"
	$(Q)$(AR) rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Programs for the kernel: built by clang alone, read by the loader as generated headers.
$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	@mkdir -p $(@D)
	@echo "  BPF  $<"
	$(Q)clang -g -O2 -target bpf -Wall -Wextra -Werror -Wno-unused-parameter -I. \
		-I/usr/include/$(shell gcc -print-multiarch) -MMD -MP -c -o $@ $<
$(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(Q)bpftool gen skeleton $< name $(*F) >$@.part && mv $@.part $@
$(PROBE_C:%.c=$(BUILD)/%.o): CPPFLAGS += -I$(BUILD)
$(PROBE_C:%.c=$(BUILD)/%.o): $(SKELETONS)

# What describes messages is itself a message: read by code that protoc-gen-c makes of its .proto.
DESCRIPTOR_PROTO := $(firstword $(wildcard /usr/include/google/protobuf/descriptor.proto \
                      /usr/local/include/google/protobuf/descriptor.proto))
$(DESCRIPTOR).c: $(DESCRIPTOR_PROTO) Makefile
	@mkdir -p $(@D)
	@echo "  GEN  $@"
	$(Q)protoc --c_out=$(BUILD) -I $(DESCRIPTOR_PROTO:%/google/protobuf/descriptor.proto=%) $(DESCRIPTOR_PROTO)
$(DESCRIPTOR).h: $(DESCRIPTOR).c
$(DESCRIPTOR).o: $(DESCRIPTOR).c
	@echo "  CC   $<"
	$(Q)$(CC) -I$(BUILD) $(CFLAGS) -w -c -o $@ $<
$(BUILD)/engine/proto/grpc_schema.o: CPPFLAGS += -isystem $(BUILD)
$(BUILD)/engine/proto/grpc_schema.o: $(DESCRIPTOR).h

# Unit tests see the tools' modules too, all but main.
TEST_LINK := $(CC) $(filter-out -flto=auto,$(CFLAGS))
TOOLS_LIB := $(BUILD)/libtools.a
$(TOOLS_LIB): $(filter-out $(BUILD)/tools/brink.o,$(TOOLS_O))
	@rm -f $@
	@echo "  AR   $@"
	$(Q)$(AR) rcs $@ $^

$(UNITS): $(BUILD)/%: $(BUILD)/%.o $(TOOLS_LIB) $(LIB)
	@echo "  LINK $@"
	$(Q)$(TEST_LINK) -o $@ $^ -lhttp_parser -lcheck -lsubunit -lrt $(LDLIBS)

# The simulated ring comes before the library, so that io/ring is never pulled from it.
$(SIM): $(SIM_C:%.c=$(BUILD)/%.o) $(LIB)
	@echo "  LINK $@"
	$(Q)$(TEST_LINK) -o $@ $^ -lcheck -lsubunit -lrt $(LDLIBS)

$(SEARCH): $(SEARCH_C:%.c=$(BUILD)/%.o) $(LIB)
	@echo "  LINK $@"
	$(Q)$(TEST_LINK) -o $@ $^ $(LDLIBS)

$(HELPERS): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	@echo "  LINK $@"
	$(Q)$(TEST_LINK) -o $@ $^ $(LDLIBS)

$(BENCHES): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	@echo "  LINK $@"
	$(Q)$(TEST_LINK) -o $@ $^ -lhttp_parser $(LDLIBS)

$(FUZZERS): $(BUILD)/%: $(BUILD)/%.o $(TOOLS_LIB) $(LIB)
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $^ -lhttp_parser $(LDLIBS)

$(BUILD)/tests/preload/%.so: tests/preload/%.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)gcc $(CPPFLAGS) -std=gnu11 -O2 -g $(WARN) -shared -fPIC -o $@ $< -ldl

.PHONY: tests
tests: $(BRINK) $(HELPERS) $(UNITS) $(SIM) $(SEARCH) $(PRELOAD) ## build the program and its tests

.PHONY: deps
deps: ## install the Debian packages that building and testing need (root or sudo)
	@tools/deps.sh $(DEPS_BUILD) $(DEPS_CHECK)

.PHONY: deps-extra
deps-extra: ## also those for fuzzing, coverage, clang-tidy, comparing benchmarks; more servers to test with
	@tools/deps.sh $(DEPS_BUILD) $(DEPS_CHECK) $(DEPS_EXTRA) $(DEPS_SERVERS)

.PHONY: demo
demo: deps ## install, build, break the built-in target, show the report
	@$(MAKE) --no-print-directory all
	@tools/demo.sh ./brink

.PHONY: check
check: deps ## run every test that takes seconds; says how many ran, were skipped, and why
	@$(MAKE) --no-print-directory -j2 all
	@$(MAKE) --no-print-directory -j2 tests
	@$(MAKE) --no-print-directory layers
	@tests/run --build $(BUILD) $(CHECK_FLAGS)

.PHONY: check-long
check-long: deps ## the long suites: 10,000 simulated runs, 100,000 connections
	@$(MAKE) --no-print-directory -j2 tests
	@tests/run --build $(BUILD) --long

.PHONY: net
net: deps ## what the agent counts, against the truth, in network namespaces (part of make check)
	@$(MAKE) --no-print-directory -j2 all
	@tests/run --build $(BUILD) --only '^net/' -v

.PHONY: guest
guest: deps ## kTLS, in a User-Mode Linux guest whose kernel has it (part of make check)
	@$(MAKE) --no-print-directory -j2 all
	@tests/run --build $(BUILD) --only e2e/ktls -v

.PHONY: guest-bpf
guest-bpf: deps ## bpf/ on Debian's kernels 6.1 and 6.12, in guests of qemu; takes minutes, fetches the kernels
	@tools/deps.sh $(DEPS_GUEST)
	@$(MAKE) --no-print-directory -j2 all
	@PYTHONPATH=tests/lib PYTHONDONTWRITEBYTECODE=1 BRINK=$(abspath $(BRINK)) python3 tests/guest/bpf.py

.PHONY: asan tsan
asan: ## the whole suite under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory -j2 MODE=asan tests
	@tests/run --build build/asan
tsan: ## the whole suite under ThreadSanitizer
	@$(MAKE) --no-print-directory -j2 MODE=tsan tests
	@tests/run --build build/tsan

FUZZ_S ?= 60
.PHONY: fuzz
fuzz: ## fuzz every parser for FUZZ_S seconds each (clang); prints executions and findings
	@tools/deps.sh $(DEPS_BUILD) $(DEPS_EXTRA)
	@$(MAKE) --no-print-directory -j2 MODE=fuzz fuzzers
	@tests/fuzz/run.sh build/fuzz $(FUZZ_S)

.PHONY: fuzzers
fuzzers: $(FUZZERS)

.PHONY: cover
cover: ## line coverage of the suite, as text
	@tools/deps.sh $(DEPS_BUILD) $(DEPS_CHECK) $(DEPS_EXTRA)
	@$(MAKE) --no-print-directory -j2 MODE=cover tests
	@tests/run --build build/cover
	@gcovr --root . --filter 'engine/' --filter 'tools/' build/cover

.PHONY: benches
benches: $(BENCHES)

.PHONY: bench
bench: deps ## compare with wrk and others: interleaved, pinned, median of ratios
	@$(MAKE) --no-print-directory -j2 all benches
	@tests/bench/run --build $(BUILD)

.PHONY: bench-hold
bench-hold: deps ## half a million, a million, two million connections: pace, memory, throughput
	@$(MAKE) --no-print-directory -j2 all
	@tests/bench/hold --build $(BUILD)

.PHONY: layers
layers: ## hold every #include to the arrows of engine/LAYERS
	@tests/layers.sh .

.PHONY: format format-check
format: ## lay out the sources as .clang-format says
	@clang-format -i $(SOURCES)
format-check: ## fail where a source is laid out otherwise, or a function is over 60 lines
	@clang-format --dry-run --Werror $(SOURCES)
	@tests/function-length.sh $(SOURCES)

.PHONY: tidy
tidy: ## clang-tidy over engine and tools
	@clang-tidy --quiet $(ENGINE_C) $(TOOLS_C) -- $(CPPFLAGS) -std=gnu11

.PHONY: install uninstall
install: all ## install the program under PREFIX (default /usr/local; DESTDIR honoured)
	install -D -m 755 $(BRINK) $(DESTDIR)$(PREFIX)/bin/brink
uninstall: ## remove it again
	rm -f $(DESTDIR)$(PREFIX)/bin/brink

.PHONY: clean
clean: ## remove everything that was built
	rm -rf build brink

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
