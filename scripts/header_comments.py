# SPDX-License-Identifier: MIT
"""header_comments.py: what the comments of the public headers consist of.

An empty line ends a paragraph, four spaces more make a code sample, two make a list, whose terms
are set apart by two spaces or more. In the text, names stand as they are or in backticks.
"""

import re
from dataclasses import dataclass, field


@dataclass
class Block:
    """A piece of a comment: a paragraph, a code sample, or a list of (term, text)."""

    kind: str  # "paragraph", "code" or "list"
    text: str = ""
    items: list = field(default_factory=list)


LINE_COMMENT = re.compile(r'^((?:[^"/]|"(?:[^"\\]|\\.)*"|/(?![/*])|/\*.*?\*/)*?)//\s*(.*)$')


def without_line_comments(text):
    """Writes comments of the form // as /* */; those on lines of their own go on with the last."""
    lines, is_inside, is_line_comment = [], False, False
    for line in text.split("\n"):
        match = None if is_inside else LINE_COMMENT.match(line)
        if match and is_line_comment and not match[1].strip():
            lines[-1] = f"{lines[-1][:-3]} {match[2]} */"
            continue
        lines.append(f"{match[1]}/* {match[2]} */" if match else line)
        is_line_comment = bool(match)
        if not match:
            is_inside = line.rfind("/*") > line.rfind("*/") or (is_inside and "*/" not in line)
    return "\n".join(lines)


def comment_lines(comment):
    """The lines of a comment without its frame; the indentation inside it is kept."""
    lines = comment[2:-2].split("\n")
    lines[1:] = [re.sub(r"^\s*\* ?", "", line) for line in lines[1:]]
    lines[0] = lines[0].lstrip("* ").strip()
    lines = [line.rstrip() for line in lines]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def indentation(line):
    return len(line) - len(line.lstrip())


def take_code(lines, at):
    """The code sample that begins at `at`, empty lines inside it included, and where it ends."""
    end = at
    for i in range(at, len(lines)):
        if lines[i] and indentation(lines[i]) < 4:
            break
        if lines[i]:
            end = i + 1
    depth = min(indentation(line) for line in lines[at:end] if line)
    return Block("code", "\n".join(line[depth:] for line in lines[at:end])), end


def take_list(lines, at):
    """The list that begins at `at`; what is indented deeper goes on with an item."""
    items = []
    while at < len(lines) and lines[at] and indentation(lines[at]) >= 2:
        line = lines[at].strip()
        split = re.match(r"(\S.*?) {2,}(\S.*)$", line)
        if indentation(lines[at]) >= 4 and items:
            items[-1] = (items[-1][0], items[-1][1] + " " + line)
        elif split:
            items.append((split[1], split[2]))
        else:
            items.append(("", re.sub(r"^- ", "", line)))
        at += 1
    return Block("list", items=items), at


def parse_comment(comment):
    lines = comment_lines(comment)
    blocks, at = [], 0
    while at < len(lines):
        depth = indentation(lines[at])
        if not lines[at]:
            at += 1
        elif depth >= 4:
            block, at = take_code(lines, at)
            blocks.append(block)
        elif depth >= 2:
            block, at = take_list(lines, at)
            blocks.append(block)
        else:
            begin = at
            while at < len(lines) and lines[at] and indentation(lines[at]) < 2:
                at += 1
            blocks.append(Block("paragraph", " ".join(line.strip() for line in lines[begin:at])))
    return blocks


TOKEN = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|(?P<page>\b[a-z_]\w*\([1-8]\))"
    r"|(?P<name>\b(?:eddy|EDDY)_\w+(?P<call>\(\))?)"
    r"|(?P<constant>(?<!\w)-E[A-Z]+\b|\bNULL\b|(?<![\w*])\*[a-z]\w*(?:_\w+)*\b)"
)


def capital(text):
    """A sentence begins with a capital, unless with a name."""
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+\b(?![._(])", text) else text


def spans(text):
    """Takes a text apart: (kind, piece), kind being text, code, page, name or constant."""
    at = 0
    for match in TOKEN.finditer(text):
        if match.start() > at:
            yield "text", text[at : match.start()]
        kind = match.lastgroup if match.lastgroup != "call" else "name"
        yield kind, match["code"] if kind == "code" else match[0]
        at = match.end()
    if at < len(text):
        yield "text", text[at:]
