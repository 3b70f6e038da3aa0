#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""readme_commands.py README FOLDER: what a reader of README types, as files in FOLDER.

squares.c is the program: the only block marked `c`. typed.sh types the lines that begin with `$ ` in
the blocks marked `console`, one after the other in one shell, and stops at the first that fails. Lines
below such a line are what it prints. It prints TAP: a case for each command.
"""

import re
import shlex
import sys
from pathlib import Path

HEAD = """# SPDX-License-Identifier: MIT
set -m
number=0

# verdict COMMAND STATUS [EXPECTED]: the output is in the file `said`; no compiler has warned there.
verdict() {
    number=$((number + 1))
    if [ "$2" = 0 ] && ! grep -q 'warning:' "$said" &&
        { [ $# -lt 3 ] || [ "$(cat "$said")" = "$3" ]; }; then
        echo "ok $number - \\$ $1"
        return
    fi
    tail -n 60 "$said" | sed 's/^/# /'
    echo "# exit status $2"
    echo "not ok $number - \\$ $1"
    exit 1
}
"""


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(text):
    """Pairs of a command and what it prints, or None where README does not say."""
    for block in blocks(text, "console"):
        for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            typed, _, printed = command.partition("\n")
            yield typed, printed.rstrip("\n") or None


def main(readme, folder):
    text = Path(readme).read_text()
    (program,) = blocks(text, "c")
    folder = Path(folder)
    (folder / "squares.c").write_text(program)
    typed = list(commands(text))
    lines = [HEAD, f"echo 1..{len(typed)}"]
    for command, printed in typed:
        words = [command] if printed is None else [command, printed]
        lines += ['{', command, '} >"$said" 2>&1',
                  " ".join(["verdict", shlex.quote(words[0]), "$?", *map(shlex.quote, words[1:])])]
    (folder / "typed.sh").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
