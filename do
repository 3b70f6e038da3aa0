#!/bin/sh
# SPDX-License-Identifier: MIT
#
# do TARGET [VARIABLE=VALUE...]: make, on a machine that may not have it yet.
#
#     ./do demo       ./do check       ./do install PREFIX=/usr/local
#
# Installs make from the list in packages.txt, and runs it; its targets install what else they need.
# Where root's rights are needed, `sudo` gives them. `./do help` tells the targets.

set -eu
cd "$(dirname "$0")"

command -v make >/dev/null || scripts/install-packages make
command -v make >/dev/null || { echo "do: this needs make, and then what packages.txt lists" >&2; exit 1; }
exec make AS_ROOT=sudo "$@"
