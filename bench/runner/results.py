# SPDX-License-Identifier: MIT
"""Figures of several runs, and comparing them with older ones."""

import json
import statistics

from .programs import DECISIVE, EDDY, FIGURES


class Results:
    """What was measured: for each program at each workload, a list of values for each figure."""

    def __init__(self):
        self._values = {}  # (workload, variant, program): {figure: [value, ...]}
        self.kinds = {}    # the same: eddy, peer, bare or limit
        self.failures = [] # "m3 cold libdill: why"

    def add(self, program, figures):
        key = (program.workload, program.variant, program.name)
        self.kinds[key] = program.kind
        for name, value in figures.items():
            self._values.setdefault(key, {}).setdefault(name, []).append(value)

    def recall(self, program, path):
        """Adds what an earlier run has written of it: least, median and most, as three runs."""
        with open(path, encoding="utf-8") as file:
            rows = [row for row in json.load(file) if (row["workload"], row["variant"],
                    row["program"]) == (program.workload, program.variant, program.name)]
        for which in ("min", "median", "max"):
            if rows:
                self.add(program, {row["figure"]: row[which] for row in rows})

    def add_failure(self, program, why):
        text = f"{program.workload} {program.variant}, {program.name}: {why}"
        if text not in self.failures:
            self.failures.append(text)

    def variants(self):
        """(workload, variant), in the order they were measured."""
        return list(dict.fromkeys(key[:2] for key in self._values))

    def programs(self, workload, variant):
        return [key[2] for key in self._values if key[:2] == (workload, variant)]

    def kind(self, workload, variant, program):
        return self.kinds[workload, variant, program]

    def figures(self, workload, variant, program):
        return self._values[workload, variant, program]

    def median(self, workload, variant, program, figure):
        values = self._values[workload, variant, program].get(figure)
        return statistics.median(values) if values else None

    def decisive(self, workload, variant):
        """The figure by which this workload is judged."""
        return next((figure for figure in DECISIVE for key, figures in self._values.items()
                     if key[:2] == (workload, variant) and figure in figures), None)

    def best_peer(self, workload, variant, kinds):
        """(name, median) of the cheapest program of these kinds, or None."""
        figure = self.decisive(workload, variant)
        found = [(self.median(workload, variant, name, figure), name)
                 for name in self.programs(workload, variant)
                 if self.kind(workload, variant, name) in kinds]
        found = sorted(pair for pair in found if pair[0] is not None)
        return (found[0][1], found[0][0]) if found else None

    def rows(self):
        """The list that results.json holds."""
        return [{"workload": workload, "variant": variant, "program": program, "figure": figure,
                 "unit": FIGURES[figure].unit, "median": round(statistics.median(values), 4),
                 "min": round(min(values), 4), "max": round(max(values), 4)}
                for (workload, variant, program), figures in self._values.items()
                for figure, values in figures.items()]

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            rows = ",\n".join(json.dumps(row) for row in self.rows())
            file.write(f"[\n{rows}\n]\n")


def regressions(new_rows, old_path, tolerance):
    """Sentences on what Eddy's costs were, and are now, where they grew by more than `tolerance`.

    Costs are processor time and memory. The least of the runs is compared with the least of the
    older ones: whatever else the machine does only adds. Also: how many could be compared.
    """
    with open(old_path, encoding="utf-8") as file:
        old = {_key(row): row for row in json.load(file)}
    found, count = [], 0
    for row in new_rows:
        before = old.get(_key(row))
        if row["program"] != EDDY or not FIGURES[row["figure"]].is_cost or not before:
            continue
        count += 1
        if row["min"] > before["min"] * tolerance and before["min"] > 0:
            found.append(f"{row['workload']} {row['variant']}, {row['figure']}: {row['min']:g} "
                         f"{row['unit']}, was {before['min']:g} "
                         f"({row['min'] / before['min']:.2f} times)")
    return found, count


def _key(row):
    return row["workload"], row["variant"], row["program"], row["figure"]
