# SPDX-License-Identifier: MIT
"""headers.py: reads the public headers, so that their comments can be shown elsewhere.

The headers are plain C with plain comments. This is what their form means, and all that the man
pages, the HTML pages and check-headers know of it:

    /* name.h: ... */           the first comment after the licence is the header's essay
    /* --- Title --- */         a ruler begins a section
    /* text */                  speaks of all declarations that follow it up to the next empty line,
    /* text */ (empty line)     or, with none, of everything below
    declaration; /* text */     speaks of the line it stands on, also of a field or enumerator

header_comments.py tells what is inside a comment. What has "__" in its name is nobody's business.
A macro that only calls a function has that function's types: eddy_queue_put(queue, item)
is shown as `int eddy_queue_put(eddy_queue *queue, const void *item)`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from header_comments import (  # noqa: F401 (some for our users)
    Block,
    capital,
    parse_comment,
    spans,
    without_line_comments,
)

MARKS = ("EDDY_API", "EDDY_CHECKED", "EDDY_SUSPENDS", "static", "inline", "extern")


# ---- what a header consists of ---------------------------------------------------------------


@dataclass
class Member:
    """A field of a struct, or an enumerator."""

    name: str
    declaration: str
    blocks: list
    value: str = ""


@dataclass
class Declaration:
    """One public thing: kind is function, macro, struct, enum, constants, type or callback."""

    kind: str
    name: str
    result: str = ""  # the type that a function returns; "" for a macro of unknown type
    parameters: list | None = None  # texts; None: not called with any
    optional: int = 0  # how many of the last parameters may be left out
    is_exported: bool = False
    suspends: bool = False
    is_public: bool = True
    body: str = ""  # of a macro
    members: list = field(default_factory=list)
    blocks: list = field(default_factory=list)  # from the comment on its own line
    line: int = 0


@dataclass
class Group:
    """Declarations that share a comment."""

    blocks: list
    declarations: list

    @property
    def public(self):
        return [d for d in self.declarations if d.is_public]


@dataclass
class Header:
    path: Path
    essay: list = field(default_factory=list)
    parts: list = field(default_factory=list)  # in order: str (a section), Block list, Group
    includes: list = field(default_factory=list)
    owned: list = field(default_factory=list)  # types for EDDY_AUTO

    @property
    def name(self):
        return self.path.name

    @property
    def stem(self):
        return self.path.stem

    @property
    def groups(self):
        return [part for part in self.parts if isinstance(part, Group)]

    @property
    def declarations(self):
        return [d for group in self.groups for d in group.declarations]

    @property
    def public(self):
        return [d for d in self.declarations if d.is_public]

    @property
    def first_sentence(self):
        """What the essay says the header is: "name.h: this." """
        text = self.essay[0].text if self.essay else ""
        text = re.sub(r"^\S+\.h: ", "", text)
        return re.split(r"(?<=[.])\s", text)[0].rstrip(".")

    @property
    def summary(self):
        """The same in one line."""
        text = self.first_sentence
        for separator in ("; ", ": ", ", "):
            if len(text) > 75:
                text = text.split(separator)[0]
        return text


# ---- declarations ----------------------------------------------------------------------------


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


def split_list(text):
    """Splits at the commas that are not inside brackets."""
    items, depth, begin = [], 0, 0
    for i, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            items.append(text[begin:i].strip())
            begin = i + 1
    items.append(text[begin:].strip())
    return items if items != [""] else []


def closing(text, at):
    """Where the bracket that opens at `at` is closed."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in "([{") - (text[i] in ")]}")
        if depth == 0:
            return i
    raise ValueError(f"no end to {text[at:at + 40]!r}")


def parameter_name(parameter):
    """The name in a parameter or field: also of a pointer to a function, or an array."""
    match = re.search(r"\(\*\s*(\w+)\)", parameter)
    if match:
        return match[1]
    match = re.search(r"(\w+)\s*(?:\[[^]]*\]\s*)*$", parameter)
    return match[1] if match else parameter


def without_marks(text):
    text = re.sub(r"EDDY_PRINTF\([^)]*\)|__attribute__\s*\(\(.*?\)\)|__extension__", " ", text)
    return squeeze(re.sub(r"\b(%s)\b" % "|".join(MARKS), " ", text))


def parse_function(text, kind):
    """`text` is the head of a function: type, name and parameters."""
    head = without_marks(text)
    open_at = head.index("(")
    match = re.search(r"(\w+)\s*$", head[:open_at])
    parameters = split_list(head[open_at + 1 : closing(head, open_at)])
    return Declaration(
        kind,
        match[1],
        result=head[: match.start()].strip(),
        parameters=[] if parameters == ["void"] else parameters,
        is_exported="EDDY_API" in text,
        suspends="EDDY_SUSPENDS" in text,
    )


def parse_macro(text):
    match = re.match(r"#\s*define\s+(\w+)(\([^)]*\))?(.*)$", text, re.DOTALL)
    parameters = None
    if match[2] is not None:
        parameters = [name.rstrip("_") for name in split_list(squeeze(match[2][1:-1]))]
    body = match[3]
    for name in parameters or []:
        body = re.sub(r"\b%s_\b" % re.escape(name), name, body) if name != "..." else body
    return Declaration("macro", match[1], parameters=parameters, body=squeeze(body))


# ---- structs and enumerations ----------------------------------------------------------------


def pieces_with_comments(body, separator):
    """Splits the inside of braces: (piece, comment blocks), a comment before it or behind it."""
    found, before, piece, depth, at = [], "", "", 0, 0
    while at < len(body):
        if body.startswith("/*", at):
            end = body.index("*/", at) + 2
            if not piece.strip() and found and "\n" not in body[found[-1][2] : at]:
                found[-1][1] = body[at:end]
            else:
                before = body[at:end]
            at = end
            continue
        depth += (body[at] in "({[") - (body[at] in ")}]")
        if body[at] == separator and depth == 0:
            found.append([squeeze(piece), before, at + 1])
            piece, before = "", ""
        else:
            piece += body[at]
        at += 1
    if piece.strip():
        found.append([squeeze(piece), before, at])
    return [(text, parse_comment(comment) if comment else []) for text, comment, _ in found if text]


def fields_of(body):
    members = []
    for match in re.finditer(r"\b(union|struct)\s*\{", body):
        inner = body[match.end() : closing(body, match.end() - 1)]
        end = body.index(";", closing(body, match.end() - 1)) + 1
        if not body[closing(body, match.end() - 1) + 1 : end - 1].strip():
            return fields_of(body[: match.start()] + inner + body[end:])
    for text, blocks in pieces_with_comments(body, ";"):
        members.append(Member(parameter_name(without_marks(text)), text, blocks))
    return members


def enumerators_of(body):
    members, value = [], -1
    for text, blocks in pieces_with_comments(body, ","):
        name, _, given = (part.strip() for part in text.partition("="))
        value = given if given else (value + 1 if isinstance(value, int) else f"{value} + 1")
        if re.fullmatch(r"-?\d+", str(value)):
            value = int(value)
        members.append(Member(name, text, blocks, str(value)))
    return members


def parse_braces(text):
    """A struct or an enumeration with its members."""
    open_at = text.index("{")
    close_at = closing(text, open_at)
    body = text[open_at + 1 : close_at]
    head, tail = text[:open_at].split(), text[close_at + 1 :].strip(" ;\n")
    name = strip_comments(tail).strip(" ;\n") or head[-1]
    if "enum" in head:
        kind = "enum" if name != "enum" else "constants"
        members = enumerators_of(body)
        name = name if kind == "enum" else members[0].name
        return Declaration(kind, name, members=members)
    return Declaration("struct", name, members=fields_of(body))


def strip_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def parse_statement(text):
    """The declaration that `text` is, or None for what has no place in the documentation."""
    bare = squeeze(strip_comments(text))
    if bare.startswith("#"):
        return parse_macro(strip_comments(text).replace("\\\n", " "))
    if re.match(r"(typedef )?(struct|enum|union)\b[^;(]*\{", bare):
        return parse_braces(text)
    if bare.startswith("typedef") and "(" not in bare:
        name = parameter_name(bare.rstrip("; "))
        return Declaration("type", name, result=bare.rstrip("; ").removeprefix("typedef "))
    if bare.startswith("typedef"):
        pointer = re.match(r"typedef (.*)\(\*(\w+)\)\s*(\(.*\))", bare)
        bare = f"typedef {pointer[1]} {pointer[2]}{pointer[3]}" if pointer else bare
        return parse_function(bare.removeprefix("typedef "), "callback")
    if "(" in bare and not re.match(r"(struct|template|using|namespace)\b", bare):
        function = parse_function(bare.split("{")[0].rstrip("; "), "function")
        return function if function.result else None  # none: the use of a macro
    return None


# ---- the file --------------------------------------------------------------------------------


def without_cpp(lines):
    """Empties the lines that only C++ sees, and those of the preprocessor's own choices."""
    kept, stack = [], []
    for line in lines:
        word = re.match(r"#\s*(ifdef|ifndef|if|else|elif|endif)\b\s*(.*)", line)
        if not word:
            kept.append(None if False in stack else line)
            continue
        if word[1] in ("ifdef", "ifndef", "if"):
            is_cpp = "__cplusplus" in word[2]
            stack.append((word[1] == "ifndef") if is_cpp else None)
        elif word[1] == "else" and stack[-1] is not None:
            stack[-1] = not stack[-1]
        elif word[1] == "endif":
            stack.pop()
        kept.append(None)
    return kept


def statement_end(lines, at):
    """The line after the statement that begins at `at`."""
    depth = 0
    while at < len(lines):
        code = strip_comments(lines[at] or "")
        if lines[at] and "/*" in code:  # a comment that goes on
            joined, i = lines[at], at
            while "*/" not in joined[joined.rindex("/*") :]:
                i += 1
                joined += "\n" + (lines[i] or "")
            code, at = strip_comments(joined), i
        depth += sum(code.count(c) for c in "({[") - sum(code.count(c) for c in ")}]")
        if depth == 0 and re.search(r"[;}]\s*$", code):
            return at + 1
        at += 1
    raise ValueError("a declaration without an end")


def split_file(text):
    """Yields (kind, text, line): comment, code, blank."""
    lines, at = without_cpp(text.split("\n")), 0
    while at < len(lines):
        line, begin = lines[at], at
        if line is None or re.match(r"#\s*(undef|include|pragma)", line):
            at += 1
            if line and "include" in line:
                yield "include", line, begin + 1
            continue
        if not line.strip():
            at, kind = at + 1, "blank"
        elif line.startswith("/*"):
            while "*/" not in lines[at]:
                at += 1
            at, kind = at + 1, "comment"
        elif line.startswith("#"):
            while lines[at].endswith("\\"):
                at += 1
            at, kind = at + 1, "code"
        elif re.match(r"EDDY_(BEGIN|END)_DECLS", line):
            at, kind = at + 1, "blank"
        elif line.startswith("EDDY_AUTO_FOR"):
            at, kind = at + 1, "auto"
        else:
            at, kind = statement_end(lines, at), "code"
        yield kind, "\n".join(part for part in lines[begin:at] if part is not None), begin + 1


def trailing_comment(text):
    """The comment behind a declaration, on its last line."""
    match = re.search(r"[;)\w}\"]\s*(/\*[^\n]*\*/)\s*$", text)
    return parse_comment(match[1]) if match else []


def parse_header(path):
    header = Header(Path(path))
    text = without_line_comments(header.path.read_text())
    group = None  # the declarations that the last comment speaks of
    note = None  # a comment that nothing has followed yet
    for kind, piece, line in split_file(text):
        if kind == "include":
            header.includes.append(re.search(r'[<"](.*)[">]', piece)[1])
        elif kind == "auto":
            header.owned.append(re.search(r"\((\w+)", piece)[1])
        elif kind == "comment":
            ruler = re.fullmatch(r"/\* -{2,} *(.*?) *-{2,} \*/\s*", piece)
            group = note = None
            if "SPDX-License-Identifier" in piece:
                continue
            if ruler:
                header.parts.append(ruler[1])
            elif not header.essay:
                header.essay = parse_comment(piece)
            else:
                note = parse_comment(piece)
        elif kind == "blank":
            if note and not group:
                header.parts.append(note)
            group = note = None
        else:
            declaration = parse_statement(piece)
            if declaration is None:
                continue
            declaration.line = line
            declaration.is_public = "__" not in declaration.name
            if re.fullmatch(r"EDDY_\w*H", declaration.name) and not declaration.body:
                continue  # the guard against a second inclusion
            if declaration.kind not in ("struct", "enum", "constants"):
                declaration.blocks = trailing_comment(piece)
            elif re.search(r"\}[^}\n]*;\s*/\*", piece):
                declaration.blocks = trailing_comment(piece)
            if group is None:
                group = Group(note or [], [])
                header.parts.append(group)
            group.declarations.append(declaration)
    return header


# ---- all of them -----------------------------------------------------------------------------


class Headers:
    """All public headers; a macro's types need the function that it calls, wherever it stands."""

    def __init__(self, include):
        self.include = Path(include)
        paths = sorted((self.include / "eddy").glob("*.h"))
        self.all = [parse_header(path) for path in paths]
        self.by_file = {header.name: header for header in self.all}
        self.core = set()  # the names of eddy.h's headers, and of theirs
        self.gather(parse_header(self.include / "eddy.h"))
        self.declared = {d.name: d for header in self.all for d in header.declarations}
        self.home = {}  # public names, enumerators too, and where they are declared
        for header in self.all:
            for declaration in header.public:
                self.home.setdefault(declaration.name, header)
                if declaration.kind in ("enum", "constants"):
                    self.home.update({member.name: header for member in declaration.members})
        for declaration in self.declared.values():
            self.give_types(declaration)

    def gather(self, header):
        for included in self.included_by(header):
            if included.name not in self.core:
                self.core.add(included.name)
                self.gather(included)

    def included_by(self, header):
        ours = (name.removeprefix("eddy/") for name in header.includes if name.startswith("eddy/"))
        return [self.by_file[name] for name in ours if name in self.by_file]

    @property
    def documented(self):
        """The headers that declare something for direct use."""
        return [header for header in self.all if header.public]

    def library(self, header):
        """The name of the library, as pkg-config has it, that a header belongs to."""
        if header.name in self.core:
            return "eddy"
        prefix = header.stem.split("_")[0]
        if prefix in ("http", "sql", "tls", "dns"):
            return "eddy-" + prefix
        needed = [self.library(other) for other in self.included_by(header)]
        return next((name for name in needed if name != "eddy"), "eddy")

    def give_types(self, macro):
        """Gives a macro the types of the function that it calls, if that is all it does."""
        if macro.kind != "macro" or macro.result:
            return
        choice = re.match(r"EDDY__SELECT\d+\(__VA_ARGS__,(.*?),\s*\)\s*\(", macro.body)
        if choice:
            names = split_list(choice[1])
            self.take_types(macro, names[0], None)
            shortest = self.declared.get(names[-1])
            if macro.parameters and shortest is not None:
                macro.optional = len(macro.parameters) - len(shortest.parameters)
            return
        call = re.match(r"(\w+)\s*\(", macro.body)
        if re.fullmatch(r"\w+", macro.body):
            self.take_types(macro, macro.body, None)
        elif call and closing(macro.body, call.end() - 1) == len(macro.body) - 1:
            self.take_types(macro, call[1], split_list(macro.body[call.end() : -1]))

    def take_types(self, macro, name, arguments):
        """`arguments`: those of the call of `name`; None: the macro takes what that takes."""
        called = self.declared.get(name)
        if called is None or called is macro:
            return
        self.give_types(called)
        if not called.result or called.kind not in ("function", "macro"):
            return
        macro.result, macro.suspends = called.result, called.suspends
        if arguments is None:
            macro.parameters, macro.optional = list(called.parameters), called.optional
            return
        arguments = [piece for argument in arguments for piece in self.unfolded(argument)]
        for i, parameter in enumerate(macro.parameters or []):
            if parameter == "...":
                rest = "__VA_ARGS__" in arguments and arguments.index("__VA_ARGS__")
                if rest and "..." not in called.parameters:
                    macro.parameters[i:] = called.parameters[rest:]
                break
            for argument, typed in zip(arguments, called.parameters):
                if argument.strip("()") == parameter and parameter_name(typed) != typed:
                    macro.parameters[i] = renamed(typed, parameter)


    def unfolded(self, argument):
        """An argument; or as many as the macro stands for that is in its place."""
        call = re.match(r"(\w+)\(", argument)
        macro = self.declared.get(call[1]) if call else None
        if macro is None or macro.kind != "macro":
            return [argument]
        count = len(split_list(macro.body))
        return [argument] * count if count > 1 else [argument]


def renamed(parameter, name):
    """The parameter under the name that the macro gives it."""
    old = parameter_name(parameter)
    return re.sub(r"\b%s\b(?!.*\b%s\b)" % (old, old), name, parameter)


def prototype(declaration, suspends=True):
    """A declaration in C, on one line, without the words that only the compiler needs."""
    mark = "EDDY_SUSPENDS " if suspends and declaration.suspends else ""
    if declaration.kind == "type":
        return f"typedef {declaration.result}"
    if declaration.kind in ("struct", "enum"):
        return f"{declaration.kind} {declaration.name}"
    if declaration.parameters is None:
        return declaration.name
    start = "typedef " if declaration.kind == "callback" else ""
    result = declaration.result
    result += " " if result and not result.endswith("*") else ""
    nothing = "void" if declaration.kind != "macro" else ""
    parameters = ", ".join(declaration.parameters) or nothing
    return f"{start}{mark}{result}{declaration.name}({parameters})"
