#!/bin/bash
# SPDX-License-Identifier: MIT
#
# test_make_man.sh MAKE-MAN TREE: the manual pages of the headers, and those written by hand.

set -u
make_man=$(realpath "$1") tree=$(realpath "$2")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
number=0

# check NAME COMMAND...: one case, which passes if the command succeeds and is silent on stderr.
check() {
    number=$((number + 1))
    if "${@:2}" >"$scratch/said" 2>"$scratch/complaint" && [ ! -s "$scratch/complaint" ]; then
        echo "ok $number - $1"
    else
        sed 's/^/# /' "$scratch/said" "$scratch/complaint"
        echo "not ok $number - $1"
    fi
}

# needs PROGRAM NAME COMMAND...: the same, where there is such a program.
needs() {
    if command -v "$1" >/dev/null; then
        check "${@:2}"
    else
        number=$((number + 1))
        echo "ok $number - $2 # SKIP no $1"
    fi
}

# What is text, and does not only lead to another page.
pages() {
    grep -L '^\.so ' "$scratch"/man/man3/*.3
    ls "$scratch/man/man7/eddy.7" "$tree"/docs/man/*.1
}

typeset_all() {
    local page
    pages | while read -r page; do
        groff -ww -z -mandoc -Tutf8 "$page" 2>&1 | sed "s|^|$page: |" >&2
    done
}

lint_all() { pages | tr '\n' '\0' | xargs -0 mandoc -T lint -W warning >&2; }

every_link_leads_somewhere() {
    local link
    for link in "$scratch"/man/man3/*.3; do
        if [ "$(head -c 4 "$link")" = ".so " ]; then
            [ -s "$scratch/man/$(cut -d' ' -f2 "$link")" ] || { echo "$link"; return 1; }
        fi
    done
}

# shows PAGE TEXT: the page, on a terminal 200 columns wide, has this in it.
shows() {
    MANWIDTH=200 man -P cat -l "$scratch/man/$1" 2>&1 | col -bx | tr -s ' ' | grep -F -- "$2"
}

# A header with whatever could go wrong: troff's own characters, lists, code, macros.
mkdir -p "$scratch/tree/include/eddy" "$scratch/tree/docs/man"
cat >"$scratch/tree/docs/man/eddy.7" <<'ROFF'
.Dd January 1, 2026
.\" PAGES OF eddy
ROFF
echo '#include <eddy/pond.h>' >"$scratch/tree/include/eddy.h"
cat >"$scratch/tree/include/eddy/pond.h" <<'C'
/* SPDX-License-Identifier: MIT */
/*
 * pond.h: a pond, and "what" swims in it.
 *
 *     printf("a\n");
 *     .not a request
 */
#include <eddy/api.h>

typedef struct eddy_pond eddy_pond;

/*
 * Looks for `fish` in `pond`. 'Quoted' or not.
 *
 * Returns 0, or
 *   -ENOENT    there is none,
 *   something  else, as
 *              read(2) has it.
 */
#define eddy_pond_find(pond, fish) eddy__pond_find((pond), (fish), EDDY_HERE)
EDDY_API EDDY_SUSPENDS int eddy__pond_find(eddy_pond *pond, const char *fish,
                                           const eddy_place *place);
C

echo 1..9
check 'it makes a page for each header' "$make_man" "$tree" "$scratch/man"
needs groff 'groff sets them all without a warning' typeset_all
needs mandoc 'mandoc finds nothing wrong with them' lint_all
check 'every link leads somewhere' every_link_leads_somewhere
check 'a function leads to the page of its header' \
    grep -qx '\.so man3/eddy_queue.3' "$scratch/man/man3/eddy_queue_put.3"
check 'the overview lists the headers' grep -qx '\.It Xr eddy_queue 3' "$scratch/man/man7/eddy.7"

"$make_man" "$scratch/tree" "$scratch/man"
needs man 'a macro has the types of the function that it calls' \
    shows man3/eddy_pond.3 'eddy_pond_find(eddy_pond *pond, const char *fish);'
needs man 'code is shown as it is' shows man3/eddy_pond.3 'printf("a\n");'
needs man 'and so is what troff would take for a request' shows man3/eddy_pond.3 '.not a request'
