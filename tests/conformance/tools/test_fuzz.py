# SPDX-License-Identifier: MIT
"""
test_fuzz.py RUN: the tools find what differs, and make it small.

Eddy itself has no known difference to be found, so one is made up: an interpreter that spoils the
traces of programs with a certain operation, or dies of them.
"""

import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

import generate
import language
import machine
from shrink import count_ops, shrink

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None

# An interpreter with a fault: SPOILT is the operation, FAULT what becomes of programs with it.
FAULTY = """#!{python}
import json, os, subprocess, sys
corpus = sys.argv[-1]
out = subprocess.run(["{run}", "--trace", corpus], check=True, capture_output=True).stdout
failed = 0
entries = [[json.loads(line) for line in lines] for lines in (open(corpus), out.splitlines())]
for wanted, got in zip(*entries):
    if '"{spoilt}"' in json.dumps(got["program"]):
        if "{fault}" == "abort" and "--jobs" not in sys.argv:
            os.abort()
        got["trace"].insert(-1, [0, "-", "spoilt"])
    if "--trace" in sys.argv:
        print(json.dumps(got))
    elif wanted["trace"] != got["trace"]:
        failed += 1
        print("corpus.jsonl:1: FAILED", wanted["name"])
if "--trace" not in sys.argv:
    print(len(entries[0]) - failed, "passed,", failed, "failed")
"""


def uses(program, name):
    return any(op[0] == name for op in language.operations(program))


def first_program_with(*names):
    programs = (generate.program(seed, "large") for seed in range(1000))
    return next(p for p in programs if all(uses(p, name) for name in names))


class Corpora(unittest.TestCase):
    def entries(self):
        with open(os.path.join(HERE, "..", "cases.jsonl"), encoding="ascii") as cases:
            yield from map(json.loads, cases)
        path = os.path.join(HERE, "..", "random.jsonl.gz")
        with gzip.open(path, "rt", encoding="ascii") as random:
            yield from map(json.loads, random)

    def test_the_machine_makes_every_trace_of_record(self):
        differing = [entry["name"] for entry in self.entries()
                     if machine.run(entry["program"]) != entry["trace"]]
        self.assertEqual(differing, [])

    def test_every_program_is_valid(self):
        for entry in self.entries():
            language.check(entry["program"])

    def test_generated_programs_are_valid_and_use_every_operation(self):
        seen = set()
        for seed in range(200):
            for size in generate.SIZES:
                program = generate.program(seed, size)
                language.check(program)
                seen.update(op[0] for op in language.operations(program))
        self.assertEqual(set(language.OPS) - seen, set())

    def test_what_is_no_program_is_refused(self):
        for name, body in {
                "break": [["break"]],
                "handler": [["reraise"]],
                "finally": [["try", [], [], None, [["return"]]]],
                "nobody": [["await", "nobody()"]],
                "yield": [["yield", 1]],
                "condition": [["if", ["sleep", 1], []]],
                "arguments": [["set_result", "f"]],
                "operation": [["fly"]]}.items():
            program = {"coros": {"main": body}, "main": "main"}
            self.assertFalse(language.is_valid(program), name)
        waiting = {"coros": {"main": []}, "callbacks": {"b": [["sleep", 1]]}, "main": "main"}
        self.assertFalse(language.is_valid(waiting))


class Interpreter(unittest.TestCase):
    """build/tests/conformance/run, whose word the rest rests on."""

    def run_on(self, *arguments):
        done = subprocess.run([RUN, *arguments], check=False, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def write(self, name, lines):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, name)
        with (gzip.open if name.endswith(".gz") else open)(path, "wt", encoding="ascii") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        return path

    def entry(self, last):
        program = {"coros": {"main": [["log", 1], ["log", 2], ["log", 3]]}, "main": "main"}
        trace = machine.run(program)
        return {"name": f"ends-{last}", "program": program,
                "trace": [*trace[:-1], [0, "-", last]]}

    def test_a_failure_shows_name_program_and_the_event_with_its_neighbours(self):
        for options in ([], ["--jobs", "2"]):
            for name in ("corpus.jsonl", "corpus.jsonl.gz"):
                path = self.write(name, [self.entry("end"), self.entry("never")])
                status, out, _ = self.run_on(*options, path)
                self.assertEqual(status, 1)
                self.assertIn(f"{path}:2: FAILED ends-never\n  {{", out)
                self.assertIn('"coros":{"main":[["log",1]', out)
                self.assertIn('      [0,"main","log",3]\n', out)
                self.assertIn('    - [0,"-","never"]\n    + [0,"-","end"]\n', out)
                self.assertEqual(out.splitlines()[-1], "1 passed, 1 failed")

    def test_programs_are_chosen_by_name(self):
        path = self.write("corpus.jsonl", [self.entry("end"), self.entry("never")])
        self.assertEqual(self.run_on("--name", "*-end", path)[:2], (0, "1 passed, 0 failed\n"))
        self.assertEqual(self.run_on("--name", "nobody", path)[:2], (1, "0 passed, 0 failed\n"))

    def test_it_says_what_it_takes(self):
        status, out, err = self.run_on("--help")
        self.assertEqual((status, err), (0, ""))
        for option in ("--name PATTERN", "--jobs N", "--only-supported", "--trace"):
            self.assertIn(option, out)
        for wrong in (["--fly"], ["--jobs", "0", "x"], ["--jobs", "65", "x"], []):
            status, out, err = self.run_on(*wrong)
            self.assertEqual((status, out), (2, ""), wrong)
            self.assertIn("usage:", err)
        status, out, err = self.run_on("/nonexistent")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("/nonexistent: No such file", err)

    def test_a_line_that_is_no_program_has_failed(self):
        path = self.write("corpus.jsonl", [1, {"program": {"main": "main"}}])
        status, out, _ = self.run_on(path)
        self.assertEqual((status, out.splitlines()[-1]), (1, "0 passed, 2 failed"))


class Shrinking(unittest.TestCase):
    def test_little_more_is_left_than_the_operation_at_fault(self):
        for name in ("shield_start", "cwait_for", "breset", "athrow", "as_completed"):
            program = first_program_with(name)
            small = shrink(program, lambda each, name=name: uses(each, name), 60)
            self.assertTrue(uses(small, name))
            self.assertEqual(count_ops(small), 1, small)

    def test_two_that_belong_together_stay(self):
        def shows_it(program):
            kinds = {event[2] for event in machine.run(program)}
            return {"enter", "cancel"} <= kinds

        program = next(p for p in (generate.program(s, "large") for s in range(1000))
                       if shows_it(p))
        small = shrink(program, shows_it, 60)
        self.assertTrue(shows_it(small))
        self.assertLessEqual(count_ops(small), 4, small)

    def test_it_asks_about_valid_programs_alone_and_leaves_the_first_as_it_was(self):
        asked = []
        program = first_program_with("try", "for", "repeat")
        before = json.dumps(program)

        def shows_it(each):
            language.check(each)
            asked.append(each)
            return uses(each, "break")

        shrink(program, lambda each: shows_it(each) or len(asked) % 3 == 0, 60)
        self.assertGreater(len(asked), 20)
        self.assertEqual(json.dumps(program), before)


class Fuzzing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def faulty(self, fault):
        path = os.path.join(self.folder, "run")
        with open(path, "w", encoding="ascii") as script:
            script.write(FAULTY.format(python=sys.executable, run=RUN, spoilt="wait_for",
                                       fault=fault))
        os.chmod(path, 0o755)
        return path

    def fuzz(self, *arguments, **environment):
        done = subprocess.run(
            [sys.executable, os.path.join(HERE, "fuzz.py"), "--jobs", "1", *arguments],
            check=False, capture_output=True, text=True, env={**os.environ, **environment})
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def expect_it_found(self, out):
        small = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
        self.assertTrue(uses(small, "wait_for"))
        self.assertEqual(count_ops(small), 1, out)
        self.assertRegex(out.splitlines()[-1], r"^\d+ passed, [1-9]\d* failed$")

    def test_a_fault_is_found_and_shown_small_with_both_traces(self):
        status, out = self.fuzz("--run", self.faulty("spoil"), "--count", "400", "--seed", "1")
        self.assertEqual(status, 1, out)
        self.expect_it_found(out)
        self.assertIn("  the machine:", out)
        self.assertRegex(out, r'> \[0,"-","spoilt"\]')

    def test_a_crash_is_found_too(self):
        status, out = self.fuzz("--run", self.faulty("abort"), "--count", "400", "--seed", "1")
        self.assertEqual(status, 1, out)
        self.expect_it_found(out)
        self.assertIn('> ["crash",-6', out)

    def test_without_a_fault_all_pass(self):
        status, out = self.fuzz("--run", RUN, "--count", "300", "--size", "small")
        self.assertEqual(status, 0, out)
        self.assertEqual(out.splitlines()[-1], "300 passed, 0 failed")
        self.assertRegex(out, r"SEED=\d+")

    def test_interrupted_it_tells_what_it_has_counted(self):
        process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "fuzz.py"), "--run", RUN, "--count", "10000000",
             "--jobs", "1", "--size", "small"], stdout=subprocess.PIPE, text=True)
        self.assertIn("SEED=", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, out)
        self.assertIn("interrupted", out)
        self.assertRegex(out.splitlines()[-1], r"^\d+ passed, 0 failed$")

    def test_a_seed_makes_the_same_programs_again(self):
        first = [generate.program(seed, "medium") for seed in (5, 6)]
        self.assertEqual(first, [generate.program(seed, "medium") for seed in (5, 6)])
        self.assertNotEqual(first[0]["coros"], first[1]["coros"])

    def test_without_cpython_its_sample_is_skipped_and_said_so(self):
        status, out = self.fuzz("--run", RUN, "--count", "10", "--cpython", "5",
                                "--cpython-folder", self.folder, PATH=self.folder)
        self.assertEqual(status, 0, out)
        self.assertRegex(out, r"skipped: CPython [\d.]+ runs no sample: there is no node")
        self.assertEqual(out.splitlines()[-1], "10 passed, 0 failed, 1 skipped")

    def test_a_wrong_command_line_is_told_apart(self):
        done = subprocess.run([sys.executable, os.path.join(HERE, "fuzz.py"), "--count", "0",
                               "--run", RUN], check=False, capture_output=True)
        self.assertEqual(done.returncode, 2)


def main():
    result = unittest.main(argv=sys.argv[:1] + sys.argv[2:], exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
