# SPDX-License-Identifier: MIT
# The short front door. Meson builds; this installs what it needs, and spares you its options.
#
#   BUILD        the build folder                     (build)
#   PREFIX       where `make install` puts things     (meson's: /usr/local)
#   DESTDIR      a root to install under              (none)
#   DOCS         where `make docs` puts its pages     (build-docs)
#   MESON_FLAGS  options for a new build folder       (none; say -Dwerror=true)
#   N SEED SIZE CPYTHON JOBS   of conformance-fuzz: see CONTRIBUTING.md

BUILD ?= build
PREFIX ?=
DESTDIR ?=
DOCS ?= build-docs
MESON_FLAGS ?=

prefix_flag = $(if $(PREFIX),-Dprefix=$(PREFIX))

# What is found is looked for when a folder is configured: again after packages were installed.
define build
	@if [ ! -f '$(BUILD)/build.ninja' ]; then \
	    meson setup '$(BUILD)' $(prefix_flag) $(MESON_FLAGS); \
	elif [ /var/lib/dpkg/status -nt '$(BUILD)/build.ninja' ]; then \
	    meson setup --reconfigure '$(BUILD)' $(prefix_flag) $(MESON_FLAGS); \
	fi
	@ninja -C '$(BUILD)'
endef

.PHONY: all demo check docs install bench conformance-fuzz clean help

all:        ## build the libraries and the tool (the default)
	@scripts/install-packages build
	$(build)

demo:       ## build, then see it at work
	@scripts/install-packages build
	$(build)
	@scripts/demo '$(BUILD)'

check:      ## build, then run all tests; the last line counts them
	@scripts/install-packages build check
	$(build)
	@scripts/run-tests '$(BUILD)'

docs:       ## make the HTML pages: build-docs/html/index.html
	@scripts/install-packages docs
	@scripts/make-docs '$(DOCS)'

install:    ## install the libraries, headers, manual pages and the tool
	@scripts/install-packages build
	$(build)
	@$(if $(PREFIX),meson configure '$(BUILD)' $(prefix_flag))
	@DESTDIR='$(DESTDIR)' meson install -C '$(BUILD)'

bench:      ## build, then run Eddy beside its peers
	@scripts/install-packages build bench
	$(build)
	@bench/run '$(BUILD)'

conformance-fuzz: ## build, then compare Eddy with asyncio on programs that nobody has seen
	@scripts/install-packages build
	$(build)
	@PYTHONDONTWRITEBYTECODE=1 python3 tests/conformance/tools/fuzz.py \
	    --run '$(BUILD)/tests/conformance/run' --cpython-folder '$(BUILD)/cpython' \
	    --count '$(or $(N),10000)' --cpython '$(or $(CPYTHON),200)' --size '$(or $(SIZE),all)' \
	    $(if $(SEED),--seed '$(SEED)') $(if $(JOBS),--jobs '$(JOBS)')

clean:      ## remove the build folder and the pages
	@rm -rf '$(BUILD)' '$(DOCS)'

help:       ## say what there is
	@sed -n 's/^\([a-z-]*\): *## /  make \1\t/p' Makefile | expand -t 25
