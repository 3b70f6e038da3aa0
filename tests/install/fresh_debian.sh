#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# fresh_debian.sh ROOT: makes the smallest Debian that is one (debootstrap's minbase) in the folder
# ROOT, of the release and with the package sources that this machine has.
#
# Exits with 77, and a sentence, where that can't be done.

set -u
root=$1

cannot() { echo "no fresh Debian: $*"; exit 77; }

[ "$(id -u)" = 0 ] || cannot "only root can make it"
command -v debootstrap >/dev/null || cannot "debootstrap is missing"
unshare --mount --pid --fork true 2>/dev/null || cannot "namespaces are not permitted"

# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
mirror=$(apt-get indextargets --format '$(RELEASE) $(CODENAME) $(COMPONENT) $(REPO_URI)' \
    'Created-By: Packages' | awk -v want="$release" \
    '$NF ~ /^https?:/ && / main / && ($1 == want || $2 == want) { print $NF; exit }')
[ -n "$mirror" ] || cannot "apt names no source of '$release'"

# What apt goes through, debootstrap does too.
eval "$(apt-config shell proxy Acquire::http::Proxy secure_proxy Acquire::https::Proxy)"
[ -z "${proxy-}" ] || export http_proxy=$proxy
[ -z "${secure_proxy-}" ] || export https_proxy=$secure_proxy
extra=()
[[ $mirror != https:* ]] || extra=(--include=ca-certificates)

mkdir -p "${root%/*}"
debootstrap --variant=minbase "${extra[@]}" "$release" "$root.new" "$mirror" >"$root.log" 2>&1 || {
    rm -rf "$root.new"
    cannot "debootstrap: $(grep -v '^I:' "$root.log" | tail -n 1)"
}

rm -rf "$root.new/etc/apt"
cp -a /etc/apt "$root.new/etc/apt"
cp -a /usr/share/keyrings/. "$root.new/usr/share/keyrings/"
cp -L /etc/resolv.conf /etc/hosts "$root.new/etc/"
[[ $mirror != https:* ]] || cp -a /etc/ssl/certs/. "$root.new/etc/ssl/certs/"
for name in http https; do
    variable=${name}_proxy
    [ -z "${!variable-}" ] || echo "Acquire::$name::Proxy \"${!variable}\";"
done >"$root.new/etc/apt/apt.conf.d/99proxy"
mv "$root.new" "$root"
