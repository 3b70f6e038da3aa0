# SPDX-License-Identifier: MIT
"""Tables for a terminal and for RESULTS.md."""

from . import counts
from .programs import BARE, EDDY, FIGURES, LIMIT, PEER
from .titles import GOALS, TITLES


def table(results, workload, variant):
    """One workload as lines of text, cheapest first."""
    figure = results.decisive(workload, variant)
    lines = [f"{workload} {variant}"]
    for name in _in_order(results, workload, variant, figure):
        figures = results.figures(workload, variant, name)
        ratio = _ratio(results, workload, variant, name, figure)
        mark = {EDDY: "*", LIMIT: "-", BARE: " ", PEER: " "}[results.kind(workload, variant, name)]
        cells = [f"{key}={_number(key, results.median(workload, variant, name, key))}"
                 for key in figures]
        lines.append(f"  {mark} {name:22}{ratio:>8}  " + " ".join(cells))
    return "\n".join(lines)


def summary(results):
    """Markdown: Eddy beside the best peer and the limit, a line for each workload."""
    lines = ["| workload | | Eddy | goal | best peer | Eddy to it | limit | Eddy to it |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for workload, variant in results.variants():
        figure = results.decisive(workload, variant)
        ours = _ours(results, workload, variant, figure)
        if ours is None:
            continue
        cells = [f"{workload.upper()} {TITLES[workload][0]}", variant,
                 f"**{_number(figure, ours)} {_unit(figure)}**", GOALS.get((workload, variant), "")]
        for kinds in ((PEER,), (LIMIT,)):
            best = results.best_peer(workload, variant, kinds)
            cells += [f"{best[0]}: {_number(figure, best[1])}", f"{ours / best[1]:.2f}"] \
                if best and best[1] else ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def markdown(results, machine, peers, rounds):
    """All of RESULTS.md."""
    parts = ["<!-- SPDX-License-Identifier: MIT -->\n# Figures\n", _INTRODUCTION.format(rounds=rounds),
             "![Cost of a task operation, Eddy beside its peers](tasks.svg)\n",
             "![Cost of a message, a request, a document](network.svg)\n",
             summary(results), "\n## The machine\n",
             "\n".join(f"- {line}" for line in machine)]
    if peers.left_out:
        parts += ["\nLeft out:\n", "\n".join(f"- {name}: {why}"
                                              for name, why in sorted(peers.left_out.items()))]
    if results.failures:
        parts += ["\nFailed:\n", "\n".join(f"- {failure}" for failure in results.failures)]
    parts.append("\n" + instructions(counts.read_budget(counts.BUDGET)))
    written = set()
    for workload, variant in results.variants():
        if workload not in written:
            title, about = TITLES[workload]
            parts.append(f"\n## {workload.upper()}: {title}\n\n{about}")
            written.add(workload)
        parts.append(f"\n### {variant}\n\n" + _markdown_table(results, workload, variant))
        if workload == "n2":
            parts += two_loops(results, variant)
    return "\n".join(parts) + "\n"


def instructions(budget):
    """Markdown: the instructions of the core paths, as bench/count has recorded them."""
    lines = ["## Instructions\n", f"Of one operation, in user space ({budget['build']}); counted by "
             "`bench/count`, the same on every run:\n", "| path | instructions |", "| --- | --- |"]
    lines += [f"| {name} | {count:,.0f} |" for name, count in budget["instructions"].items()]
    return "\n".join(lines)


def two_loops(results, variant):
    """A sentence on what the second loop brings, where `variant` is the one with two."""
    if not variant.startswith("2 loops") or ("n2", variant.replace("2 loops", "1 loop")) \
            not in results.variants():
        return []
    one = variant.replace("2 loops", "1 loop")
    def times(figure):
        return (results.median("n2", variant, "eddy", figure)
                / results.median("n2", one, "eddy", figure))
    return [f"\nBeside one loop: {times('per_s'):.2f} times the requests, "
            f"{times('cpu_us_per_op'):.2f} times the processor time for each."]


_INTRODUCTION = """\
Written by `make bench`. Medians of {rounds} runs each, least and most in brackets; all programs of a
table take turns, so that whatever else the machine does meets all alike. The program runs on one
core, its load or its server on the other. Tables are in the order of **processor time for each
operation**, which holds on a busy machine too, where rates don't; the ratio is to Eddy: 2.0 costs
twice as much. *Italic*: a limit, written by hand for this purpose alone, or a program that does
less: it only switches stacks, without scheduler and tasks, or makes its tasks one at a time. Eddy
is built as users get it: the shared library, guards and assertions on, without `-march=native`,
which the C peers have. What differs between peers stands in [peers/README.md](peers/README.md).
"""


def _markdown_table(results, workload, variant):
    decisive = results.decisive(workload, variant)
    names = _in_order(results, workload, variant, decisive)
    columns = list(dict.fromkeys(key for name in names
                                 for key in results.figures(workload, variant, name)))
    lines = ["| | ratio | " + " | ".join(f"{FIGURES[key].meaning}, {_unit(key)}"
                                         for key in columns) + " |",
             "| --- | --- |" + " --- |" * len(columns)]
    for name in names:
        kind = results.kind(workload, variant, name)
        shown = {EDDY: f"**{name}**", PEER: name}.get(kind, f"*{name}*")
        cells = [shown, _ratio(results, workload, variant, name, decisive)]
        for key in columns:
            values = results.figures(workload, variant, name).get(key)
            cells.append(_spread(key, results.median(workload, variant, name, key), values)
                         if values else "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _in_order(results, workload, variant, figure):
    def cost(name):
        value = results.median(workload, variant, name, figure) if figure else None
        return float("inf") if value is None else value
    return sorted(results.programs(workload, variant), key=cost)


def _ratio(results, workload, variant, name, figure):
    if not figure or name == "eddy":
        return ""
    value = results.median(workload, variant, name, figure)
    ours = _ours(results, workload, variant, figure)
    return f"{value / ours:.2f}" if value is not None and ours else ""


def _ours(results, workload, variant, figure):
    """Eddy's median; None where it has none."""
    has_eddy = "eddy" in results.programs(workload, variant)
    return results.median(workload, variant, "eddy", figure) if has_eddy else None


def _spread(figure, median, values):
    text = _number(figure, median)
    least, most = _number(figure, min(values)), _number(figure, max(values))
    return text if least == most else f"{text} ({least} to {most})"


def _number(figure, value):
    return f"{value:,.{FIGURES[figure].digits}f}"


def _unit(figure):
    return FIGURES[figure].unit.replace("us", "µs")
