"""Tests of what the benchmark computes and renders; `scripts/test` runs them."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from heavy import outcome_of
from measure import measure
from process import TICK_US, Server, run, stop_all
from table import BEGIN, END, document, render
from target import lateness_ms

SECOND_NS = 1_000_000_000


class Lateness(unittest.TestCase):
    def test_punctual_arrivals_are_not_late(self):
        arrivals = [7 + n * SECOND_NS // 1_000 for n in range(3_000)]
        self.assertEqual(set(lateness_ms(arrivals, 1_000)), {0})

    def test_a_tick_of_a_millisecond_is_seen(self):
        # Due every 0.25 ms, fired in bunches when the millisecond is full.
        arrivals = [(n * 250_000 + 999_999) // 1_000_000 * 1_000_000 for n in range(8_000)]
        late = lateness_ms(arrivals, 4_000)
        self.assertAlmostEqual(late[-1], 0.75)

    def test_the_first_second_is_left_out(self):
        arrivals = [0, 5, 9, *[SECOND_NS + n * 1_000_000 for n in range(100)]]
        self.assertEqual(lateness_ms(arrivals, 1_000), [0.0] * 100)
        self.assertEqual(lateness_ms([], 1_000), [])


class Summary(unittest.TestCase):
    def summary(self, **iterations):
        counts = {"started": 100, "lost": 0, "failed": 0, "dropped": {"full": 0, "late": 0, "gap": 0}}
        times = {"p50_ms": 1.0, "p99_ms": 2.0, "p999_ms": 3.0}
        return {
            "job": {"achieved_rate": 1_000.0, "verdict": "PASS"},
            "iterations": counts | iterations,
            "response_time": times,
            "generator_lag": times,
        }

    def test_a_rate_held_has_no_problem(self):
        self.assertEqual(outcome_of(self.summary(), 1_000, 1, 2)["problem"], "")

    def test_what_went_wrong_is_named(self):
        lossy = self.summary(lost=3, dropped={"full": 1, "late": 1, "gap": 0})
        self.assertEqual(outcome_of(lossy, 1_200, 1, 2)["problem"], "2 dropped, 3 lost, 1000/s")


class Processes(unittest.TestCase):
    def tearDown(self):
        stop_all()

    def test_cpu_time_of_children_counts(self):
        burn = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"
        out, cpu_us = run(["sh", "-c", f"sh -c '{burn}'; echo done"], 60)
        self.assertEqual(out, "done\n")
        self.assertGreater(cpu_us, TICK_US)

    def test_a_failure_shows_its_stderr(self):
        with self.assertRaisesRegex(RuntimeError, "exited with 3:\nno way"):
            run(["sh", "-c", "echo no way >&2; exit 3"], 60)

    def test_a_server_prints_its_address_and_stops(self):
        server = Server("fake", ["sh", "-c", "echo 'listening on http://127.0.0.1:7700' >&2; sleep 1000"])
        self.assertEqual(server.address(), "127.0.0.1:7700")
        stop_all()
        self.assertIsNotNone(server.process.returncode)


class Fragile:
    """A tool that holds 2,000/s, breaks once at 3,000/s and again at 4,000/s."""

    label, note, has_rate, ladder = "fragile", "", False, [1_000, 2_000, 3_000, 4_000, 5_000]

    def __init__(self):
        self.broke, self.starts = 0, 0

    def start(self, root):
        self.starts += 1

    def stop(self):
        pass

    def fixed(self, url, rate, seconds):
        if rate == 4_000 or (rate == 3_000 and not self.broke):
            self.broke += 1
            raise RuntimeError("it broke")
        return {"requests": rate, "rate": rate, "problem": ""}


class Ladder(unittest.TestCase):
    def test_two_failures_in_a_row_end_it(self):
        class Target:
            url = ""

            class server:
                cpu_us = staticmethod(int)

        tool = Fragile()
        row = measure(tool, None, Target, None, quick=False)
        self.assertEqual((row["max"]["asked"], row["error"]), (3_000, ""))
        self.assertEqual((tool.broke, tool.starts), (3, 4))


class Table(unittest.TestCase):
    def row(self, label, rate, problem=""):
        seen = {"requests": 100, "rate": rate, "cpu_us": 1_000, "rest_us": 500, "target_us": 0}
        seen |= {"p50_ms": 0.1, "p99_ms": 0.2, "p999_ms": 0.3, "problem": problem}
        late = {"p99_ms": 0.05, "problem": problem}
        rates = (1_000, 20_000)
        row = {"label": label, "note": "open", "max": seen, "error": ""}
        return row | {"fixed": dict.fromkeys(rates, seen), "lateness": dict.fromkeys(rates, late)}

    def test_ratios_are_to_heavy(self):
        text = render([self.row("heavy, Postgres", 40_000), self.row("other", 10_000, "5 dropped")])
        heavy, other = text.splitlines()[2:]
        self.assertIn("| 40,000 ", heavy)
        self.assertIn("| 10,000 (x0.25) ", other)
        self.assertIn("0.10/0.20/0.30 (p99 x1.0), 5 dropped", other)

    def test_a_tool_that_broke_is_a_row_too(self):
        row = {"label": "k6", "note": "", "max": None, "error": "it broke", "fixed": {}, "lateness": {}}
        self.assertIn("k6 failed: it broke", render([row]))

    def test_a_document_keeps_what_is_around_the_table(self):
        facts = {"machine": dict.fromkeys(("date", "cpu", "cores", "memory_gib", "kernel", "busy"), "x")}
        facts |= {"versions": {"wrk": "4"}, "quick": False}
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "performance.md"
            for rate in (1_000, 2_000):
                document(path, facts, [self.row("wrk", rate)])
                path.write_text(path.read_text() + "last words\n")
            text = path.read_text()
        self.assertEqual((text.count(BEGIN), text.count(END), text.count("last words")), (1, 1, 2))
        self.assertTrue("2,000" in text and "1,000" not in text)


class CommandLine(unittest.TestCase):
    def test_an_unknown_tool_is_wrong_usage(self):
        bench = pathlib.Path(__file__).resolve().parent.parent / "bench"
        answer = subprocess.run([sys.executable, bench, "--only", "ab"], capture_output=True, text=True, check=False)
        self.assertEqual(answer.returncode, 2)
        self.assertIn("unknown tool: ab", answer.stderr)


if __name__ == "__main__":
    unittest.main()
