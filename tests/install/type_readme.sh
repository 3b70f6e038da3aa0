#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# type_readme.sh BASE root|user: types the README, word for word, on a fresh Debian.
#
# BASE is a folder that fresh_debian.sh made; it is copied. `root` works in root's home, which nobody
# else may enter; `user` has sudo, and a folder with spaces in its name. The shell has the variables of
# a login and no others. Prints TAP.

set -u
base=$1 who=$2
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
root=$base-$who

clean_up() { rm -rf --one-file-system "$root"; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# inside COMMAND...: on that Debian, in namespaces that end everything and unmount it afterwards.
inside() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare --mount --pid --fork --kill-child sh -c '
        root=$1
        shift
        mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" &&
            mount --rbind /dev "$root/dev" && exec chroot "$root" "$@"' sh "$root" \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb "$@"
}

clean_up
cp -a "$base" "$root"
case $who in
root)
    home=/root folder=/root/eddy owner=0:0
    login=(env HOME=/root USER=root)
    ;;
user)
    home=/home/reader folder='/home/reader/my sources/eddy' owner=1000:1000
    login=(setpriv --reuid=1000 --regid=1000 --init-groups env HOME=/home/reader USER=reader)
    inside sh -c 'apt-get -q update && apt-get -q -y install --no-install-recommends sudo &&
        useradd --create-home --shell /bin/bash --uid 1000 reader &&
        echo "reader ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/reader' >"$root.log" 2>&1 || {
        tail -n 20 "$root.log"
        exit 1
    }
    ;;
esac

# A clone, as far as the build can tell: the files of the tree, without what was built in it.
mkdir -p "$root$folder"
(cd "$tree" && git ls-files -z | xargs -0 tar -cf - --) | tar -C "$root$folder" -xf - || exit
"$here/readme_commands.py" "$tree/README.md" "$root$folder" || exit
chmod 700 "$root$home"
chown -R "$owner" "$root$home"

# shellcheck disable=SC2016
inside "${login[@]}" bash -c 'cd "$1" && said=$HOME/said && . ./typed.sh' bash "$folder" |
    tee "$root.said"
planned=$(sed -n 's/^1\.\.//p' "$root.said")
passed=$(grep -c '^ok' "$root.said")
failed=$((${planned:-1} - passed)) # what nobody got to has failed too

# What a second person finds: nothing in a user's tree belongs to root.
found=$(find "$root$folder" ! -user "${owner%:*}" | head -n 5)
if [ -z "$found" ]; then
    echo "ok - all files in the tree belong to their owner"
    passed=$((passed + 1))
else
    echo "# ${found//$'\n'/$'\n# '}"
    echo "not ok - all files in the tree belong to their owner"
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
