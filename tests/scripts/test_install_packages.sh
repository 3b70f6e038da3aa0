#!/bin/bash
# SPDX-License-Identifier: MIT
#
# test_install_packages.sh INSTALL-PACKAGES: what scripts/install-packages asks of the system.
#
# The system is a folder of stand-ins at the head of the path: dpkg-query knows the packages named
# in $have, apt-get writes down what it is asked and fails as often as $refusals says.

set -u
install_packages=$(realpath "$1")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
number=0

mkdir "$scratch/bin"
stand_in() {
    printf '#!/bin/bash\n%s\n' "$2" >"$scratch/bin/$1"
    chmod +x "$scratch/bin/$1"
}
stand_in id 'echo 0'
stand_in flock ''
stand_in dpkg-query '[[ " $HAVE " == *" ${*: -1} "* ]] && echo "ii "'
stand_in apt-get '
words=
for word in "$@"; do [[ $word == -* || $word == DPkg* ]] || words+=" $word"; done
[ ! -x "$POLICY_RC_D" ] || words+=" (services forbidden)"
echo "apt-get$words" >>"$SCRATCH/asked"
echo x >>"$SCRATCH/times"
[ "$(wc -l <"$SCRATCH/times")" -gt "$REFUSALS" ] || { echo "apt says no"; exit 100; }'

cat >"$scratch/list" <<'LIST'
# a comment
[build]     # with a comment
one         # a reason
two
[check]
two
three
LIST

have='' refusals=0

# try SECTION...: runs the script; leaves $status, $said and $asked.
try() {
    rm -f "$scratch/asked" "$scratch/times"
    said=$(PATH=$scratch/bin:$PATH HAVE=$have REFUSALS=$refusals SCRATCH=$scratch \
        PACKAGES_LIST=$scratch/list POLICY_RC_D=$scratch/policy "$install_packages" "$@" 2>&1)
    status=$?
    asked=$(cat "$scratch/asked" 2>/dev/null)
}

# expect WHAT GOT WANTED [GOT WANTED]...
expect() {
    local what=$1 verdict=ok
    number=$((number + 1))
    shift
    while [ $# -gt 0 ]; do
        [ "$1" = "$2" ] || { verdict='not ok'; printf '# got: %s\n# not: %s\n' "$1" "$2"; }
        shift 2
    done
    echo "$verdict $number - $what"
}

there() { [ ! -e "$scratch/policy" ] || echo there; }

echo 1..7

have='one two three'
try build check
expect 'all are installed: not a word' "$status" 0 "$said" '' "$asked" ''

have='one'
try build check
expect 'the missing ones are installed, each once, and no server starts' \
    "$status" 0 "$said" 'install-packages: installing two three' \
    "$asked" 'apt-get install two three (services forbidden)' "$(there)" ''

have='' refusals=1
try build
expect 'stale lists are updated' "$status" 0 "$asked" 'apt-get install one two (services forbidden)
apt-get update (services forbidden)
apt-get install one two (services forbidden)'

refusals=9
try build
expect 'what cannot be installed is named, with the reason, and nothing stays behind' \
    "$status" 1 "$(tail -n 1 <<<"$said")" "install-packages: can't install: one two" \
    "$(grep -c 'apt says no' <<<"$said")" 2 "$(there)" ''

have='' refusals=0
echo '#!/bin/sh' >"$scratch/policy"
try build
expect "a policy that was there stays" "$status" 0 "$(there)" there
rm -f "$scratch/policy"

try nonsense
expect 'an unknown section is an error' "$status" 1 \
    "$said" "install-packages: $scratch/list has no section [nonsense]"

mkdir "$scratch/bare"
for tool in dirname awk; do ln -s "$(command -v "$tool")" "$scratch/bare/"; done
said=$(PATH=$scratch/bare PACKAGES_LIST=$scratch/list /bin/sh "$install_packages" build 2>&1)
status=$?
note="not a Debian system; what is needed is listed in $scratch/list (build)"
expect 'elsewhere than on Debian it says where the list is and lets the build go on' \
    "$status" 0 "$said" "install-packages: $note"
