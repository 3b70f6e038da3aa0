# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# overlay.sh: in a mount namespace, lays file systems in memory over /usr/local and /etc: what is
# written there vanishes with the namespace. Given: scratch, an empty folder, which becomes one too.

mount -t tmpfs none "$scratch" || exit
for folder in usr/local etc; do
    mkdir -p "$scratch/upper/$folder" "$scratch/aside/$folder" && mount -t overlay overlay -o \
        "lowerdir=/$folder,upperdir=$scratch/upper/$folder,workdir=$scratch/aside/$folder" \
        "/$folder" || exit
done
unset folder
