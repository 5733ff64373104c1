"""The scenarios of scripts/exact: jobs of every load model, checked against what their target received."""

import json
import os
import signal
import statistics
import subprocess
import threading
import time
import urllib.request

from process import Server, temp_dir, resident_mib, run, tree
from target import DemoTarget

S = 1_000_000_000


class World:
    """A scheduler, a collector, agents on demand, and the target that stamps arrivals."""

    def __init__(self, root):
        self.root = root
        self.dir = temp_dir("exact")
        self.target = DemoTarget(root)
        store = ["--listen", "127.0.0.1:0", "--database", f"sqlite://{self.dir}/results.db", "--data-dir"]
        self.sched = self.serve("heavy-sched", "serve", *store, self.dir / "sched")
        self.scheduler = f"http://{self.sched.address()}"
        collector = self.serve("heavy-collector", *store, self.dir / "collector")
        self.collector = f"http://{collector.address()}"
        self.servers = [collector, self.sched, self.target.server]
        self.agents = {}

    def serve(self, name, *args):
        env = {key: value for key, value in os.environ.items() if not key.startswith("HEAVY_")}
        return Server(name, [self.root / "target/release" / name, *args], env=env)

    def start_agents(self, *names):
        for name in names:
            args = ["--scheduler", self.scheduler, "--collector", self.collector, "--name", name]
            self.agents[name] = self.serve("heavy-agent", *args, "--data-dir", self.dir / name)
        wait(lambda: set(names) <= {agent["name"] for agent in self.json("agents", "--json")}, "the agents")

    def stop(self):
        for server in [*self.agents.values(), *self.servers]:
            server.stop()

    def client(self, *args):
        program = self.root / "target/release/heavy-sched"
        return [program, "--scheduler", self.scheduler, *args]

    def json(self, *args):
        return json.loads(subprocess.run(self.client(*args), check=True, capture_output=True).stdout)

    def submit(self, *flags, program="http_get"):
        """Starts a job and returns its process; `end` waits for its summary."""
        self.target.reset()
        url = ["--param", f"url={self.target.url}"]
        args = self.client("submit", self.root / "target/release" / program, "--json", *url, *map(str, flags))
        return subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, job, limit_s=300):
        out, err = job.communicate(timeout=limit_s)
        if not out:
            raise SystemExit(f"the job printed no summary:\n{err}")
        return json.loads(out)

    def job(self, *flags, **kwargs):
        return self.end(self.submit(*flags, **kwargs))

    def arrivals(self):
        text = urllib.request.urlopen(self.target.url + "_arrivals").read()
        return [int(line) for line in text.split()]

    def control(self, **wanted):
        body = json.dumps(wanted).encode()
        urllib.request.urlopen(urllib.request.Request(self.target.url + "_control", body, method="POST")).read()

    def sql(self, text):
        program = self.root / "target/release/heavy"
        url = f"sqlite://{self.dir}/results.db"
        out, _ = run([program, "sql", "--database", url, "--format", "json", text], 60)
        return json.loads(out)


def wait(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    raise SystemExit(f"timed out waiting for {what}")


def counts(arrivals, first=None):
    """Number of arrivals in each second since the first."""
    first = arrivals[0] if first is None else first
    seconds = {}
    for at in arrivals:
        seconds[(at - first) // S] = seconds.get((at - first) // S, 0) + 1
    return seconds


def late_p99_ms(arrivals, due_ns):
    """P99 of arrival minus due time, in ms; the start is the earliest that fits every arrival."""
    offsets = [at - due for at, due in zip(arrivals, due_ns)]
    settled = offsets[len(offsets) // 10 :]
    start = min(settled)
    late = sorted(offset - start for offset in settled)
    return late[int(len(late) * 0.99)] / 1e6


def variation(arrivals):
    gaps = [b - a for a, b in zip(arrivals, arrivals[1:])]
    return statistics.pstdev(gaps) / statistics.mean(gaps)


def within(share, measured, ideal):
    return abs(measured - ideal) <= max(1, share * ideal)


def constant(world):
    """Constant rates on one agent."""
    world.start_agents("a1")
    for rate, limit_ms in ((100, 0.25), (1_000, 0.25), (20_000, 1.0)):
        seconds = 10
        world.job("--rate", rate, "-d", f"{seconds}s", "--samples", "none")
        arrivals = world.arrivals()
        of_seconds = [counts(arrivals).get(second, 0) for second in range(seconds)]
        worst = max(of_seconds, key=lambda count: abs(count - rate))
        yield f"{rate}/s: all arrive", f"{len(arrivals)} of {rate * seconds}", len(arrivals) == rate * seconds
        yield f"{rate}/s: within 0.1% in every second", f"worst {worst}", within(0.001, worst, rate)
        late = late_p99_ms(arrivals, [n * S / rate for n in range(len(arrivals))])
        yield f"{rate}/s: lateness p99 at most {limit_ms} ms", f"{late:.3f} ms", late <= limit_ms


def ramp(world):
    """A ramp from 0 to 2,000/s in 10 s: the area is 100 t*t."""
    world.start_agents("a1")
    summary = world.job("--stages", "10s:2000", "--samples", "none")
    arrivals = world.arrivals()
    yield "0 to 2,000/s in 10 s: 10,000 arrive", f"{len(arrivals)}", len(arrivals) == 10_000
    yield "accounting balances", f"{summary['job']['verdict']}", balances(summary)
    seconds = counts(arrivals)
    ideal = [100 * (2 * second + 1) for second in range(10)]
    worst = max(range(10), key=lambda second: abs(seconds.get(second, 0) - ideal[second]))
    good = all(within(0.001, seconds.get(second, 0), ideal[second]) for second in range(10))
    yield "within 0.1% of the integral in every second", f"worst {seconds.get(worst, 0)} of {ideal[worst]}", good
    late = late_p99_ms(arrivals, [(n / 100) ** 0.5 * S for n in range(len(arrivals))])
    yield "lateness p99 at most 0.25 ms", f"{late:.3f} ms", late <= 0.25


def three(world):
    """Three agents look like one."""
    rate, seconds, found = 1_000, 10, {}
    for names in (("a1",), ("a2", "a3")):
        world.start_agents(*names)
        world.job("--rate", rate, "-d", f"{seconds}s", "--samples", "none")
        found[len(world.agents)] = variation(world.arrivals()[rate:])
    one, three = found[1], found[3]
    text = f"{three:.3f} and {one:.3f}"
    yield "three agents: variation of gaps at most 1.2 times one's", text, three <= 1.2 * max(one, 0.05)


def freeze(world):
    """A target that freezes for a second."""
    world.start_agents("a1")
    job = world.submit("--rate", "1000", "-d", "30s")
    wait(world.arrivals, "the first arrival")
    time.sleep(10)
    world.control(stall_in_ms=0, stall_for_ms=1000)
    summary = world.end(job)
    response, duration = summary["response_time"], summary["requests"]["duration"]
    yield "response time p99 at least 650 ms", f"{response['p99_ms']:.0f} ms", response["p99_ms"] >= 650
    yield "response time p99.9 at least 900 ms", f"{response['p999_ms']:.0f} ms", response["p999_ms"] >= 900
    yield "request duration p99.9 at least 900 ms", f"{duration['p999_ms']:.0f} ms", duration["p999_ms"] >= 900
    named = [warning for warning in summary["warnings"] if "slowest in second" in warning]
    yield "the report names the second", (named or ["it does not"])[0][:60], bool(named)


def full(world):
    """More load than there are slots for."""
    world.start_agents("a1")
    world.control(slow_ms=400)
    summary = world.job("--rate", "1000", "-d", "5s", "--max-in-flight", "100")
    arrivals, iterations = world.arrivals(), summary["iterations"]
    text = f"{iterations['dropped']['full']} dropped, {len(arrivals)} arrived"
    yield "exactly those without a slot are dropped", text, iterations["dropped"]["full"] + len(arrivals) == 5_000
    yield "accounting balances", f"{iterations['scheduled']} scheduled", balances(summary)
    yield "the verdict is FAIL, with a reason", summary["job"]["reason"][:110], summary["job"]["verdict"] == "FAIL"


def kill(world):
    """One of three agents dies, and a fourth joins."""
    world.start_agents("a1", "a2", "a3")
    rate = 600
    job = world.submit("--rate", rate, "-d", "30s")
    wait(world.arrivals, "the first arrival")
    time.sleep(4)
    world.agents["a2"].process.send_signal(signal.SIGKILL)
    killed = time.monotonic_ns()
    time.sleep(15)
    world.start_agents("a4")
    joined = time.monotonic_ns()
    summary = world.end(job)
    arrivals = world.arrivals()

    def rate_at(at_ns, length_ns=S // 2):
        return sum(at_ns <= at < at_ns + length_ns for at in arrivals) * S / length_ns

    back = next((t for t in range(0, 14 * S, S // 10) if rate_at(killed + t) >= 0.98 * rate and t > S), None)
    text = "never" if back is None else f"{back / S:.1f} s"
    yield "arrivals are back within lease + 1 s = 11 s", text, back is not None and back <= 11 * S
    over = max(rate_at(killed + t) for t in range(0, 14 * S, S // 10))
    yield "never above the rate (+2%)", f"{over:.0f}/s of {rate}", over <= 1.02 * rate
    gap = summary["iterations"]["dropped"]["gap"]
    yield "the job is degraded and shows the gap", f"gap {gap}, {summary['job']['verdict']}", summary["job"]["degraded"] and gap > 0
    yield "accounting balances", f"{summary['iterations']['scheduled']} scheduled", balances(summary)
    share = {agent["agent"]: agent["iterations"]["started"] for agent in summary["agents"]}
    rows = world.sql("SELECT min(scheduled_at) AS first FROM iterations WHERE job_id = :job AND agent = 'a4'")
    events = world.sql("SELECT kind, who, at_second FROM events WHERE job_id = :job ORDER BY number")
    entered = [event for event in events if event["kind"] == "agent-joined"]
    took = first_of_agent(world, arrivals, joined)
    yield "a fourth takes its share within 2 s", f"{share.get('a4', 0)} started, {took}", share.get("a4", 0) > 0 and bool(entered) and bool(rows)


def first_of_agent(world, arrivals, joined):
    row = world.sql(
        "SELECT min(second) AS first FROM agent_seconds WHERE job_id = :job AND agent = 'a4' AND started > 0"
    )[0]
    start = arrivals[0]
    return f"joined at {(joined - start) / S:.1f} s, first start in second {row['first']}"


def steer(world):
    """Live control on three agents."""
    world.start_agents("a1", "a2", "a3")
    job = world.submit("--rate", "100", "-d", "14s")
    wait(world.arrivals, "the first arrival")
    time.sleep(3)
    asked = {}
    for what, args in (("rate", ("rate", "last", "1000")), ("pause", ("pause", "last")), ("resume", ("resume", "last"))):
        asked[what] = time.monotonic_ns()
        subprocess.run(world.client(*args), check=True, capture_output=True)
        time.sleep(2.5)
    summary = world.end(job)
    arrivals = world.arrivals()
    after = [at for at in arrivals if at >= asked["rate"]]
    # The first gap below 5 ms belongs to the new rate.
    faster = next(b for a, b in zip(after, after[1:]) if b - a < 5_000_000)
    took = (faster - asked["rate"]) / 1e6
    yield "100 to 1,000/s is seen within 250 ms", f"{took:.0f} ms", took <= 250
    last = max(at for at in arrivals if at < asked["resume"])
    took = (last - asked["pause"]) / 1e6
    yield "a pause is seen within 250 ms", f"{took:.0f} ms", took <= 250
    first = min(at for at in arrivals if at > asked["resume"])
    took = (first - asked["resume"]) / 1e6
    yield "a resume is seen within 250 ms", f"{took:.0f} ms", took <= 250
    planned = summary["iterations"]["planned"]
    yield "every planned iteration arrives once", f"{len(arrivals)} of {planned}", len(arrivals) == planned
    kinds = [row["kind"] for row in world.sql("SELECT kind FROM events WHERE job_id = :job ORDER BY number")]
    yield "events are recorded", ", ".join(kinds), {"rate", "pause", "resume"} <= set(kinds)
    yield "accounting balances", summary["job"]["verdict"], balances(summary)


def users(world):
    """Closed load on two agents."""
    world.start_agents("a1", "a2")
    summary = world.job("--users", "8", "-i", "1000")
    started = summary["iterations"]["started"]
    yield "1,000 shared iterations, each once", f"{started}", started == 1_000 and len(world.arrivals()) == 1_000
    rows = world.sql("SELECT count(*) AS n, count(DISTINCT iteration) AS d FROM iterations WHERE job_id = :job")[0]
    yield "their numbers differ", f"{rows}", rows["n"] == rows["d"] == 1_000
    summary = world.job("--users", "8", "--iterations-per-user", "25")
    rows = world.sql("SELECT user_id, count(*) AS n FROM iterations WHERE job_id = :job GROUP BY user_id")
    text = f"{len(rows)} users"
    yield "25 iterations for each of 8 users", text, len(rows) == 8 and all(row["n"] == 25 for row in rows)
    agents = world.sql("SELECT user_id, count(DISTINCT agent) AS n FROM iterations WHERE job_id = :job GROUP BY user_id")
    yield "no user is on two agents", text, all(row["n"] == 1 for row in agents)
    summary = world.job("--users", "10", "--pacing", "100ms", "-d", "5s")
    started = summary["iterations"]["started"]
    yield "10 users paced at 100 ms for 5 s: 500", f"{started}", started == 500
    yield "paced users have a response time", f"{summary['response_time'] is not None}", summary["response_time"] is not None
    summary = world.job("--users", "4s:40,2s:40,4s:0", "--pacing", "100ms")
    started = summary["iterations"]["started"]
    # The area is 80 + 80 + 80 user seconds.
    yield "40 users in stages, paced: 2,400 within 2%", f"{started}", within(0.02, started, 2_400)
    yield "accounting balances", summary["job"]["verdict"], balances(summary)


def burn(world):
    """A load test that needs more CPU than there is, and a target that is equally slow."""
    world.start_agents("a1")
    load = ("--workflow", "shards", "--param", "accounts=100", "--rate", "1000", "-d", "5s")
    # This number of rounds takes several milliseconds.
    summary = world.job(*load, "--param", "rounds=1000000", "--graceful-stop", "60s", program="accounts")
    job = summary["job"]
    text = f"{job['verdict']}: {job['reason'][:150]}"
    yield "a load test that burns CPU is INVALID, with that reason", text, job["verdict"] == "INVALID" and "compute" in text
    world.control(slow_ms=300)
    summary = world.job(*load, program="accounts")
    job = summary["job"]
    text = f"{job['verdict']}, response time p50 {summary['response_time']['p50_ms']:.0f} ms"
    yield "a slow target is not INVALID", text, job["verdict"] == "PASS"


def memory(world):
    """Ten minutes at 5,000/s with 200 identities."""
    world.start_agents("a1")
    load = ("--workflow", "shards", "--param", "accounts=2000", "--param", "branches=200")
    job = world.submit("--rate", "5000", "-d", "10m", *load, program="accounts")
    agent = world.agents["a1"].process.pid
    wait(lambda: tree(agent)[1:], "the load test")
    load_test = tree(agent)[-1]
    seen = {"agent": [], "load test": []}
    summary = {}
    # The summary does not fit into a pipe's buffer.
    end = threading.Thread(target=lambda: summary.update(world.end(job, 900)))
    end.start()
    while end.is_alive():
        for name, pid in (("agent", agent), ("load test", load_test)):
            if mib := resident_mib(pid):
                seen[name].append(mib)
        end.join(1)
    text = f"{summary['iterations']['ok']} ok, {summary['job']['verdict']}"
    yield "5,000/s for 10 min: all succeed", text, summary["iterations"]["ok"] == 3_000_000
    for name, limit in (("agent", 96), ("load test", 128)):
        of_minutes = [max(seen[name][at : at + 60]) for at in range(0, len(seen[name]) - 30, 60)]
        text = f"{max(seen[name]):.0f} MiB; by minute {' '.join(f'{mib:.0f}' for mib in of_minutes)}"
        yield f"the {name} stays below {limit} MiB", text, max(seen[name]) < limit


def feeder(world):
    """10,000 numbers over four agents."""
    world.start_agents("a1", "a2", "a3", "a4")
    dealt = ("--workflow", "dealt", "--param", "accounts=10000")
    summary = world.job("--rate", "2000", "-d", "10s", *dealt, program="accounts")
    rows = world.sql("SELECT count(*) AS n, count(DISTINCT url) AS d FROM requests WHERE job_id = :job")[0]
    yield "10,000 rows over 4 agents: none twice, none left out", f"{rows}", rows["n"] == rows["d"] == 10_000
    yield "the job ends with its data", summary["job"]["reason"][:60], summary["job"]["verdict"] == "PASS" and "data ended" in summary["job"]["reason"]
    yield "accounting balances", summary["job"]["verdict"], balances(summary)
    shards = ("--workflow", "shards", "--param", "accounts=1000")
    summary = world.job("--rate", "500", "-d", "4s", *shards, program="accounts")
    rows = world.sql(
        "SELECT count(DISTINCT url) AS d, count(DISTINCT agent || url) AS pairs FROM requests WHERE job_id = :job"
    )[0]
    yield "a splitter gives each agent accounts of its own", f"{rows}", rows["d"] == rows["pairs"] == 1_000


def balances(summary):
    i = summary["iterations"]
    whole = [i] + [agent["iterations"] for agent in summary["agents"]]
    return all(
        one["scheduled"] == one["started"] + sum(one["dropped"].values())
        and one["started"] == one["ok"] + one["failed"] + one["interrupted"] + one["lost"]
        for one in whole
    )


SCENARIOS = {
    "constant": constant,
    "ramp": ramp,
    "three": three,
    "freeze": freeze,
    "full": full,
    "kill": kill,
    "steer": steer,
    "users": users,
    "burn": burn,
    "feeder": feeder,
    "memory": memory,
}
