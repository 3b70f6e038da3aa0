#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_bench.py BENCH: what bench/run and bench/count make of figures. Nothing is measured here.

Prints TAP.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

BENCH = os.path.abspath(sys.argv[1])
sys.path.insert(0, BENCH)
sys.dont_write_bytecode = True

from runner import counts, pictures, processes, report, titles  # noqa: E402
from runner.programs import BARE, EDDY, FIGURES, LIMIT, PEER, Failed, Program, parse_figures  # noqa: E402
from runner.results import Results, regressions  # noqa: E402


def measured(*rows):
    """Results of (workload, variant, program, kind, figures...)."""
    results = Results()
    for workload, variant, name, kind, *runs in rows:
        for figures in runs:
            results.add(Program(workload, variant, name, kind, dict), figures)
    return results


SWITCHES = [
    ("m1", "2 tasks", "raw", LIMIT, {"cpu_ns": 2.0}),
    ("m1", "2 tasks", "eddy", EDDY, {"cpu_ns": 11.0, "rss_kb": 900},
     {"cpu_ns": 4.0, "rss_kb": 1000}, {"cpu_ns": 5.0, "rss_kb": 800}),
    ("m1", "2 tasks", "minicoro", BARE, {"cpu_ns": 3.0}),
    ("m1", "2 tasks", "go", PEER, {"cpu_ns": 50.0}),
    ("m1", "2 tasks", "tokio", PEER, {"cpu_ns": 500.0}),
]


class Figures(unittest.TestCase):
    def test_what_a_program_prints_is_read_and_the_unknown_is_left_out(self):
        self.assertEqual(parse_figures("ns=5.91 total=7 rss_kb=1824"), {"ns": 5.91, "rss_kb": 1824})

    def test_a_program_that_fails_says_why(self):
        with self.assertRaisesRegex(Failed, "ended with 3: no luck"):
            processes.run_alone(["sh", "-c", "echo no luck >&2; exit 3"])

    def test_a_program_without_figures_has_failed(self):
        with self.assertRaisesRegex(Failed, "no figures"):
            processes.run_alone(["echo", "hello"])

    def test_only_the_last_line_has_figures(self):
        self.assertEqual(processes.run_alone(["printf", "ns=1\\nns=2\\n"]), {"ns": 2.0})

    def test_times_of_wrk_have_units(self):
        self.assertEqual([processes._microseconds(text) for text in ("12.5us", "1.2ms", "2.00s")],
                         [12.5, 1200.0, 2e6])

    def test_a_share_that_ends_like_a_percentile_is_none(self):
        out = """Running 2s test @ http://127.0.0.1:80/hello
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   484.58us    1.33ms  20.00ms   97.50%
    Req/Sec   113.05k     2.50k  115.00k    77.99%
  Latency Distribution
     50%  312.00us
     75%  401.00us
     90%  512.00us
     99%    1.20ms
  230612 requests in 2.04s, 34.97MB read
Requests/sec: 112968.12
Transfer/sec:     17.13MB
"""
        self.assertEqual(processes.figures_of_wrk(out), (
            {"per_s": 112968.12, "p50_us": 312.0, "p99_us": 1200.0}, 230612))

    def test_processor_time_is_that_of_the_process(self):
        before = processes.Usage(os.getpid())
        sum(range(2_000_000))
        figures = processes.Usage(os.getpid()).figures_since(before, 10)
        self.assertGreaterEqual(figures["cpu_us_per_op"], figures["user_us_per_op"])
        self.assertGreater(figures["rss_kb"], 1000)


class Comparing(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.old = os.path.join(self.folder.name, "old.json")
        measured(*SWITCHES).write(self.old)

    def changed(self, program, kind, figures, tolerance=1.2):
        rows = measured(("m1", "2 tasks", program, kind, figures)).rows()
        return regressions(rows, self.old, tolerance)

    def test_the_file_is_a_list_of_medians_with_least_and_most(self):
        with open(self.old, encoding="utf-8") as file:
            rows = json.load(file)
        self.assertIn({"workload": "m1", "variant": "2 tasks", "program": "eddy",
                       "figure": "cpu_ns", "unit": "ns", "median": 5.0, "min": 4.0, "max": 11.0},
                      rows)

    def test_a_cost_that_has_grown_is_told(self):
        found, count = self.changed("eddy", EDDY, {"cpu_ns": 5.0})
        self.assertEqual(count, 1)
        self.assertEqual(len(found), 1)
        self.assertIn("m1 2 tasks, cpu_ns: 5 ns, was 4 (1.25 times)", found[0])

    def test_growth_within_the_tolerance_is_none(self):
        self.assertEqual(self.changed("eddy", EDDY, {"cpu_ns": 5.0}, 1.3), ([], 1))
        self.assertEqual(self.changed("eddy", EDDY, {"cpu_ns": 1.0}), ([], 1))

    def test_rates_and_peers_are_not_compared(self):
        self.assertEqual(self.changed("eddy", EDDY, {"ns": 99.0}), ([], 0))
        self.assertEqual(self.changed("go", PEER, {"cpu_ns": 9999.0}), ([], 0))

    def test_memory_is_compared(self):
        found, _ = self.changed("eddy", EDDY, {"rss_kb": 2000})
        self.assertEqual(len(found), 1)


class Reports(unittest.TestCase):
    def test_the_best_peer_is_neither_a_limit_nor_a_bare_switch(self):
        results = measured(*SWITCHES)
        self.assertEqual(results.best_peer("m1", "2 tasks", (PEER,)), ("go", 50.0))
        self.assertEqual(results.best_peer("m1", "2 tasks", (LIMIT,)), ("raw", 2.0))

    def test_the_summary_has_ratios_to_peer_and_limit(self):
        line = report.summary(measured(*SWITCHES)).splitlines()[-1]
        self.assertIn("| **5.0 ns** | 6 ns | go: 50.0 | 0.10 | raw: 2.0 | 2.50 |", line)

    def test_a_table_is_in_the_order_of_cost(self):
        lines = report.table(measured(*SWITCHES), "m1", "2 tasks").splitlines()
        self.assertEqual([line[4:].split()[0] for line in lines[1:]],
                         ["raw", "minicoro", "eddy", "go", "tokio"])
        self.assertIn("10.00", lines[4])

    def test_without_eddy_there_are_no_ratios_and_no_line_in_the_summary(self):
        results = measured(("s1", "PostgreSQL", "asyncpg", PEER, {"cpu_us_per_op": 400.0}))
        self.assertIn("asyncpg", report.table(results, "s1", "PostgreSQL"))
        self.assertEqual(len(report.summary(results).splitlines()), 2)

    def test_what_an_earlier_run_has_written_is_recalled(self):
        eddy = Program("m1", "2 tasks", "eddy", EDDY, dict)
        first, again = Results(), Results()
        for value in (3.0, 1.0, 2.0):
            first.add(eddy, {"cpu_ns": value})
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "results.json")
            first.write(path)
            again.recall(eddy, path)
            again.recall(Program("m2", "2 tasks", "eddy", EDDY, dict), path)
        self.assertEqual(again.rows(), first.rows())

    def test_the_document_names_what_was_left_out_and_what_failed(self):
        class Missing:
            left_out = {"neco": "NECO_DIR names no folder"}
        results = measured(*SWITCHES)
        results.add_failure(Program("m1", "2 tasks", "uvloop", PEER, dict), "ended with 1")
        text = report.markdown(results, ["a machine"], Missing, 3)
        self.assertIn("- neco: NECO_DIR names no folder", text)
        self.assertIn("- m1 2 tasks, uvloop: ended with 1", text)
        self.assertIn("5.0 (4.0 to 11.0)", text)
        self.assertNotIn("{", text)

    def test_two_loops_are_told_beside_one(self):
        results = measured(("n2", "1 loop", "eddy", EDDY, {"per_s": 100, "cpu_us_per_op": 5.0}),
                           ("n2", "2 loops", "eddy", EDDY, {"per_s": 190, "cpu_us_per_op": 5.5}))
        self.assertIn("1.90 times the requests, 1.10 times the processor time",
                      report.two_loops(results, "2 loops")[0])
        self.assertEqual(report.two_loops(results, "1 loop"), [])

    def test_every_workload_has_a_title_and_every_figure_a_meaning(self):
        self.assertEqual(sorted(titles.TITLES), sorted(
            ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "n1", "n2", "n3", "s1"]))
        self.assertTrue(all(figure.meaning and figure.unit for figure in FIGURES.values()))


class Pictures(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def bars(self, rows):
        pictures.write(measured(*rows), self.folder.name)
        path = os.path.join(self.folder.name, "tasks.svg")
        if not os.path.exists(path):
            return None
        root = xml.etree.ElementTree.parse(path).getroot()
        return {bar[0].text: float(bar.get("width"))
                for bar in root.iter("{http://www.w3.org/2000/svg}rect")}

    def test_a_tenfold_cost_is_the_same_step_everywhere(self):
        bars = self.bars(SWITCHES)
        ours = bars["5.0 ns, 1.00 times Eddy"]
        tenfold = bars["50.0 ns, 10.00 times Eddy"]
        self.assertAlmostEqual(bars["500.0 ns, 100.00 times Eddy"] - tenfold, tenfold - ours, 0)
        self.assertGreater(tenfold, ours)

    def test_what_eddy_did_not_do_is_not_drawn(self):
        self.assertIsNone(self.bars(SWITCHES[3:]))


class Budget(unittest.TestCase):
    def test_five_percent_more_passes_and_six_fail(self):
        self.assertEqual(counts.judge(104.9, 100)[0], "passed")
        self.assertEqual(counts.judge(106, 100)[0], "failed")

    def test_less_passes_and_asks_to_be_recorded(self):
        outcome, remark = counts.judge(80, 100)
        self.assertEqual(outcome, "passed")
        self.assertIn("--record", remark)

    def test_a_path_without_budget_fails(self):
        self.assertEqual(counts.judge(80, None)[0], "failed")

    def test_recording_one_path_keeps_the_others(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "budget.json")
            counts.write_budget(path, {"timeout": 5.04}, {"lock hand-over": 7.0, "gone": 1.0},
                                "cc, -O3")
            self.assertEqual(counts.read_budget(path)["instructions"],
                             {"timeout": 5.0, "lock hand-over": 7.0})

    def test_the_budget_knows_every_path(self):
        recorded = counts.read_budget(os.path.join(BENCH, "budget.json"))["instructions"]
        self.assertEqual(sorted(recorded), sorted(path.name for path in counts.PATHS))
        for few, many, _ in counts.GROWTH:
            self.assertIn(few, recorded)
            self.assertIn(many, recorded)


class Commands(unittest.TestCase):
    def refusal(self, *arguments):
        return self.run_it(*arguments).stderr

    def status(self, *arguments):
        return self.run_it(*arguments).returncode

    def run_it(self, script, *arguments):
        return subprocess.run([sys.executable, os.path.join(BENCH, script), *arguments],
                              capture_output=True, text=True, check=False)

    def test_help_is_there(self):
        self.assertEqual(self.status("run", "--help"), 0)
        self.assertEqual(self.status("count", "--help"), 0)

    def test_an_unknown_workload_is_refused(self):
        self.assertEqual(self.status("run", "--only", "m9"), 2)

    def test_a_path_that_is_not_there_is_refused(self):
        self.assertIn("no path is called 'x'", self.refusal("count", "--only", "x"))

    def test_a_folder_that_is_no_build_is_refused(self):
        for script in ("run", "count"):
            self.assertIn("/nowhere is no build folder", self.refusal(script, "/nowhere"))


class Tap(unittest.TestResult):
    """Prints a line for each test."""

    def _line(self, verdict, test, details=""):
        for line in details.splitlines():
            print("# " + line)
        name = test.id().rpartition(".")[2].removeprefix("test_").replace("_", " ")
        print(f"{verdict} {self.testsRun} - {name}", flush=True)

    def addSuccess(self, test):
        self._line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line("not ok", test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._line("not ok", test, self.errors[-1][1])


suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
print(f"1..{suite.countTestCases()}")
outcome = suite.run(Tap())
sys.exit(0 if outcome.wasSuccessful() else 1)
