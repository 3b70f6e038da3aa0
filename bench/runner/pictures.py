# SPDX-License-Identifier: MIT
"""Bars: what each program costs, Eddy being 1, on a logarithmic scale.

The pictures have no background of their own and know light and dark. A workload is a panel; its
bars are in the order of their length.
"""

import math
import os

from .programs import BARE, EDDY, FIGURES, LIMIT
from .titles import TITLES

PICTURES = {
    "tasks.svg": ("Processor time for each operation, Eddy = 1", [
        ("m1", "2 tasks"), ("m1", "1,000 tasks"), ("m2", "create and await"),
        ("m3", "1,000,000 cold"), ("m5", "queue of 1"), ("m5", "queue of 100"),
        ("m6", "timeout"), ("m7", "100 tasks")]),
    "network.svg": ("Processor time for each message, request, document, Eddy = 1", [
        ("n1", "64 connections"), ("n1", "512 connections"), ("n2", "64 connections"),
        ("n2", "512 connections"), ("n3", "50,000 GETs"), ("n3", "50,000 GETs over TLS"),
        ("s1", "SQLite, 100 at a time")]),
}

COLUMNS, WIDTH, GAP = 2, 440, 28         # panels side by side; pixels of each; between them
LABEL, VALUE = 152, 72                   # pixels for the names left of the bars, figures right
ROW, HEAD, TOP = 17, 30, 38              # pixels of a bar's row, a panel's title, the picture's
CLASS = {EDDY: "ours", LIMIT: "limit", BARE: "bare"}

STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f; }
.title { font-size: 14px; font-weight: 600; }
.panel { font-weight: 600; }
.figure, .limit-name { fill: #57606a; }
.one { stroke: #57606a; stroke-dasharray: 2 3; }
.peer { fill: #8c959f; } .bare { fill: #b6bdc5; } .limit { fill: #bc8a2c; } .ours { fill: #0a7ea4; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .figure, .limit-name { fill: #9aa4af; }
  .one { stroke: #9aa4af; }
  .peer { fill: #7d8590; } .bare { fill: #555d66; } .limit { fill: #d2a24c; } .ours { fill: #3fb3d6; }
}
"""


def write(results, folder):
    for name, (title, wanted) in PICTURES.items():
        panels = [panel for panel in (_bars(results, *key) for key in wanted) if panel]
        if panels:
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(_picture(title, panels))


def _bars(results, workload, variant):
    """(title, [(name, class, ratio, figure), ...]), or None where Eddy has not been measured."""
    if (workload, variant) not in results.variants() or \
            "eddy" not in results.programs(workload, variant):
        return None
    figure = results.decisive(workload, variant)
    ours = results.median(workload, variant, "eddy", figure)
    unit = FIGURES[figure].unit.replace("us", "µs")
    bars = []
    for name in results.programs(workload, variant):
        value = results.median(workload, variant, name, figure)
        if value:
            kind = results.kind(workload, variant, name)
            bars.append((name, CLASS.get(kind, "peer"), value / ours,
                         f"{value:,.{FIGURES[figure].digits}f} {unit}"))
    bars.sort(key=lambda bar: bar[2])
    return f"{workload.upper()} {TITLES[workload][0]}: {variant}", bars


def _picture(title, panels):
    rows = [panels[i:i + COLUMNS] for i in range(0, len(panels), COLUMNS)]
    heights = [HEAD + ROW * max(len(bars) for _, bars in row) + GAP for row in rows]
    width = COLUMNS * WIDTH + (COLUMNS - 1) * GAP
    scale = _scale([bar[2] for _, bars in panels for bar in bars])
    body, y = [], TOP
    for row, height in zip(rows, heights):
        for column, panel in enumerate(row):
            body += _panel(panel, column * (WIDTH + GAP), y, scale)
        y += height
    return "\n".join([
        "<!-- SPDX-License-Identifier: MIT -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y - GAP + 8}" role="img" '
        f'aria-label="{_escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="0" y="16">{_escape(title)}; logarithmic, shorter is better</text>',
        *body, "</svg>", ""])


def _scale(ratios):
    """A function from a ratio to pixels; all panels share it, so that bars can be compared."""
    least, most = min(ratios) / 1.25, max(ratios)
    span = math.log(most / least) or 1
    room = WIDTH - LABEL - VALUE
    return lambda ratio: room * math.log(ratio / least) / span


def _panel(panel, left, top, scale):
    title, bars = panel
    start = left + LABEL
    parts = [f'<text class="panel" x="{left}" y="{top + 14}">{_escape(title)}</text>']
    for index, (name, kind, ratio, figure) in enumerate(bars):
        y = top + HEAD - 6 + index * ROW
        length = max(1.5, scale(ratio))
        weight = ' font-weight="600"' if kind == "ours" else ""
        shade = ' class="limit-name"' if kind in ("limit", "bare") else ""
        parts += [
            f'<text{shade}{weight} x="{start - 8}" y="{y + 11}" text-anchor="end">'
            f'{_escape(name)}</text>',
            f'<rect class="{kind}" x="{start}" y="{y + 1}" width="{length:.1f}" height="{ROW - 4}" '
            f'rx="2"><title>{_escape(figure)}, {ratio:.2f} times Eddy</title></rect>',
            f'<text class="figure" x="{start + length + 6:.1f}" y="{y + 11}">'
            f'{"" if kind == "ours" else f"{_times(ratio)} "}{_shown(kind, figure)}</text>']
    x = start + scale(1)
    parts.append(f'<line class="one" x1="{x:.1f}" x2="{x:.1f}" y1="{top + HEAD - 8}" '
                 f'y2="{top + HEAD - 6 + len(bars) * ROW}"/>')
    return parts


def _shown(kind, figure):
    return _escape(figure) if kind == "ours" else ""


def _times(ratio):
    return f"{ratio:.0f} x" if ratio >= 20 else f"{ratio:.1f} x" if ratio >= 2 else f"{ratio:.2f} x"


def _escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
