#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_headers.py: how scripts/headers.py reads a header, and what check-headers finds. TAP."""

import subprocess
import sys
import tempfile
from pathlib import Path

scripts = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(scripts))
sys.dont_write_bytecode = True
import headers  # noqa: E402

ESSAY = "/* SPDX-License-Identifier: MIT */\n/* pond.h: a pond. */\n"
scratch = tempfile.TemporaryDirectory()
number = 0


def tree(text, guide=""):
    """A source tree with one header of this text."""
    root = Path(scratch.name)
    (root / "include/eddy").mkdir(parents=True, exist_ok=True)
    (root / "docs").mkdir(exist_ok=True)
    (root / "include/eddy.h").write_text("#include <eddy/pond.h>\n")
    (root / "include/eddy/pond.h").write_text(ESSAY + text)
    (root / "docs/guide.md").write_text(guide)
    return root


def read(text):
    return headers.Headers(tree(text) / "include").all[0]


def complaints(text, guide=""):
    """What check-headers says, without the cases."""
    check = [sys.executable, scripts / "check-headers", tree(text, guide)]
    lines = subprocess.run(check, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [line.split(": ", 1)[1] for line in lines if line.startswith("# ")]


def expect(name, got, wanted):
    global number
    number += 1
    if got != wanted:
        print(f"# got:    {got!r}\n# wanted: {wanted!r}")
    print(f"{'ok' if got == wanted else 'not ok'} {number} - {name}")


def prototypes(text):
    return [headers.prototype(d) for d in read(text).public]


def blocks(comment):
    return [(b.kind, b.text or b.items) for b in headers.parse_comment(comment)]


print("1..19")

expect("a comment holds paragraphs, code and lists",
       blocks("/*\n * One\n * line.\n *\n *     if (a)\n *         b;\n *\n *     c;\n *\n"
              " * Or\n *   A    the first,\n *        longer,\n *   else nothing\n */"),
       [("paragraph", "One line."), ("code", "if (a)\n    b;\n\nc;"), ("paragraph", "Or"),
        ("list", [("A", "the first, longer,"), ("", "else nothing")])])
group = read("/* Both. */\nint eddy_a(void);\nint eddy_b(void);\n\nint eddy_c(void);\n").groups
expect("a comment speaks of what follows up to the next empty line",
       [(len(g.blocks), [d.name for d in g.public]) for g in group],
       [(1, ["eddy_a", "eddy_b"]), (0, ["eddy_c"])])
expect("one that nothing follows stands by itself, a ruler begins a section",
       [type(part).__name__ for part in
        read("/* --- X --- */\n\n/* All. */\n\nint eddy_a(void);\n").parts],
       ["str", "list", "Group"])
expect("the words for the compiler are left out",
       prototypes("EDDY_API EDDY_CHECKED EDDY_PRINTF(1, 2) int eddy_a(const char *f,\n    ...);\n"),
       ["int eddy_a(const char *f, ...)"])
expect("what suspends is marked", prototypes("EDDY_API EDDY_SUSPENDS int eddy_a(void);\n"),
       ["EDDY_SUSPENDS int eddy_a(void)"])
expect("an inline function is shown without its body",
       prototypes("static inline int eddy_a(int x)\n{\n    return x ? 1 : 0;\n}\n"),
       ["int eddy_a(int x)"])
CALLED = "EDDY_API EDDY_SUSPENDS int eddy__a(int *x, void *out, size_t n);\n"
expect("a macro has the types of what it calls",
       prototypes(CALLED + "#define eddy_a(x, y) eddy__a((x), (y), sizeof *(y))\n"),
       ["EDDY_SUSPENDS int eddy_a(int *x, void *y)"])
CHOICE = CALLED + """
#define eddy__a1(x) eddy__a((x), NULL, 0)
#define eddy__a2(x, out) eddy__a((x), (out), sizeof *(out))
#define eddy_a(...) \\
    EDDY__SELECT2(__VA_ARGS__, eddy__a2, eddy__a1, )(__VA_ARGS__)
"""
choice = read(CHOICE).public[0]
expect("of a macro with a choice the last may be left out",
       (headers.prototype(choice), choice.optional),
       ("EDDY_SUSPENDS int eddy_a(int *x, void *out)", 1))
expect("a macro that does more keeps its names",
       prototypes("#define eddy_a(x_) \\\n    do {    \\\n    } while (x_)\n"), ["eddy_a(x)"])
struct = read("""
typedef struct eddy_s {
    int a; /* one */
    /* Two. */
    void (*b)(int x);
    union {
        char c[8];
    };
} eddy_s;
""").public[0]
expect("a struct has its fields, with their comments",
       (struct.name, [(m.name, [b.text for b in m.blocks]) for m in struct.members]),
       ("eddy_s", [("a", ["one"]), ("b", ["Two."]), ("c", [])]))
constants = read("""
enum {
    EDDY_A = -5, /* five */
    EDDY_B,
    EDDY_C /* last */
};
""")
expect("enumerators have values",
       [(m.name, m.value, [b.text for b in m.blocks]) for m in constants.public[0].members],
       [("EDDY_A", "-5", ["five"]), ("EDDY_B", "-4", []), ("EDDY_C", "-3", ["last"])])
lines = read("""
struct eddy_s {
    int a; // one
           // and a half
    char *b;
};
""").public[0]
expect("a comment may be written // as well",
       [(m.declaration, [b.text for b in m.blocks]) for m in lines.members],
       [("int a", ["one and a half"]), ("char *b", [])])
expect("what a macro declares is its own business",
       prototypes("EDDY_SOMETHING(eddy_a, int);\n"), [])
expect("what C++ alone sees is not there",
       prototypes("#ifdef __cplusplus\nint eddy_a(int);\n#else\nint eddy_b(void);\n#endif\n"),
       ["int eddy_b(void)"])

expect("all is well", complaints("/* A. */\nint eddy_a(void);\n", "`eddy_a()`, `eddy_*`"), [])
expect("a name without a comment is found", complaints("int eddy_a(void);\n"),
       ["no comment says what eddy_a is"])
expect("internal names need none", complaints("int eddy__a(void);\n"), [])
expect("what suspends must say what comes back",
       complaints("/* Waits. */\nEDDY_SUSPENDS int eddy_a(void);\n"),
       ["eddy_a suspends; what comes back?"])
expect("a document may not name what does not exist",
       complaints("/* A. */\nint eddy_a(void);\n", "`eddy_b`, `eddy_b_*`"),
       ["there is no eddy_b", "there is nothing called eddy_b_*"])
