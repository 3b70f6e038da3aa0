# SPDX-License-Identifier: MIT
# Runs Meson with the options that it needs, after installing the packages that it needs. Where make is
# missing, `./do TARGET` installs it first.
#
#   BUILD        the build folder                     (build)
#   PREFIX       where `make install` installs        (/usr/local)
#   LIBDIR       the libraries' folder below PREFIX   (the one that pkg-config searches, or lib)
#   DESTDIR      a root to install under              (none)
#   DOCS         the folder of the HTML pages         (build-docs)
#   MESON_FLAGS  options for a new build folder       (none; say -Dwerror=true)
#   N SEED SIZE CPYTHON JOBS   of conformance-fuzz: see CONTRIBUTING.md

BUILD ?= build
PREFIX ?=
LIBDIR ?=
DESTDIR ?=
DOCS ?= build-docs
MESON_FLAGS ?=
AS_ROOT ?=

# The scripts read these, which may hold spaces: no recipe expands them.
export BUILD MESON_FLAGS
install uninstall: export PREFIX := $(PREFIX)
install uninstall: export LIBDIR := $(LIBDIR)
install uninstall: export DESTDIR := $(DESTDIR)
install uninstall: export AS_ROOT := $(AS_ROOT)

build = scripts/build "$$BUILD"
as_owner = scripts/as-owner

.PHONY: all demo check test docs install uninstall bench conformance-fuzz clean help

all:        ## build the libraries and the tool (the default)
	@scripts/install-packages build
	@$(build)

demo:       ## build what it needs, then see it at work
	@scripts/install-packages build
	@$(build) demo
	@$(as_owner) scripts/demo "$$BUILD"

check:      ## build, then run all tests; the last line counts them
	@scripts/install-packages build check
	@$(build)
	@$(as_owner) scripts/run-tests "$$BUILD"

test: check ## the same as check

docs:       ## make the HTML pages: build-docs/html/index.html
	@scripts/install-packages docs
	@$(as_owner) scripts/make-docs '$(DOCS)'

install:    ## install the libraries, headers, manual pages and the tool
	@scripts/install-packages build
	@scripts/install "$$BUILD"

uninstall:  ## remove what was installed in PREFIX
	@scripts/install --remove

bench:      ## build, then run Eddy beside its peers
	@scripts/install-packages build bench
	@$(build)
	@$(as_owner) bench/run "$$BUILD"

conformance-fuzz: ## build, then compare Eddy with asyncio on random programs
	@scripts/install-packages build
	@$(build)
	@PYTHONDONTWRITEBYTECODE=1 $(as_owner) python3 tests/conformance/tools/fuzz.py \
	    --run "$$BUILD/tests/conformance/run" --cpython-folder "$$BUILD/cpython" \
	    --count '$(or $(N),10000)' --cpython '$(or $(CPYTHON),200)' --size '$(or $(SIZE),all)' \
	    $(if $(SEED),--seed '$(SEED)') $(if $(JOBS),--jobs '$(JOBS)')

clean:      ## remove the build folder and the pages
	@rm -rf "$$BUILD" '$(DOCS)'

help:       ## list the targets
	@sed -n 's/^\([a-z-]*\): *[a-z]* *## /  make \1\t/p' Makefile | expand -t 25
