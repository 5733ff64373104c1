"""heavy as separate processes: scheduler, collector, one agent, and a database."""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

from process import Server, temp_dir, free_port, run

# Exit codes with a summary: PASS, INVALID and FAIL.
VERDICTS = (0, 98, 99)


class Heavy:
    """One set of services on one database; every sample is stored unless `flags` override it."""

    has_rate = True
    ladder = [20_000, *range(30_000, 120_001, 10_000)]

    def __init__(self, label, database, flags=()):
        self.label = label
        self.database = database
        self.flags = list(flags)
        self.note = f"open; {'no sample' if self.flags else 'every sample'} stored in {dict(postgres='Postgres', sqlite='SQLite')[database]}"

    def start(self, root):
        self.root = root
        self.dir = temp_dir("heavy")
        self.postgres = Postgres() if self.database == "postgres" else None
        url = self.postgres.url if self.postgres else f"sqlite://{self.dir}/results.db"
        store = ["--listen", "127.0.0.1:0", "--database", url, "--data-dir"]
        self.sched = self._serve("heavy-sched", "serve", *store, self.dir / "sched")
        self.scheduler = f"http://{self.sched.address()}"
        self.collector = self._serve("heavy-collector", *store, self.dir / "collector")
        collector = f"http://{self.collector.address()}"
        self.agent = self._serve(
            *("heavy-agent", "--scheduler", self.scheduler, "--collector", collector),
            *("--name", "bench", "--data-dir", self.dir / "agent"),
        )
        # Uploads, fetches and checks the binary once, so that later jobs find it.
        self.fixed("http://127.0.0.1:9/", 10, 1)

    def stop(self):
        for server in (self.agent, self.collector, self.sched):
            server.stop()
        if self.postgres:
            self.postgres.server.stop()

    def fixed(self, url, rate, seconds):
        report = self.dir / "summary.json"
        report.unlink(missing_ok=True)
        before = self._cpu_us()
        run(
            [self._program("heavy-sched"), "submit", self._program("http_get"), "--scheduler", self.scheduler]
            + ["--rate", rate, "--duration", f"{seconds}s", "--param", f"url={url}"]
            + ["--report", f"json={report}", *self.flags],
            seconds + 180,
            accept=VERDICTS,
        )
        load_us, rest_us = (after - was for after, was in zip(self._cpu_us(), before))
        summary = json.loads(report.read_text())
        return outcome_of(summary, rate, load_us, rest_us)

    def _program(self, name):
        return self.root / "target/release" / name

    def _serve(self, name, *args):
        env = {key: value for key, value in os.environ.items() if not key.startswith("HEAVY_")}
        return Server(name, [self._program(name), *args], env=env)

    def _cpu_us(self):
        """CPU time of agent and load test, and of everything else, in us."""
        rest = [self.sched, self.collector, *([self.postgres.server] if self.postgres else [])]
        return self.agent.cpu_us(), sum(server.cpu_us() for server in rest)


def outcome_of(summary, rate, load_us, rest_us):
    """An outcome (see peers.py) from heavy's JSON summary."""
    iterations = summary["iterations"]
    dropped = sum(iterations["dropped"].values())
    achieved = summary["job"]["achieved_rate"] or 0
    latency = summary["response_time"] or {}
    problems = [
        f"{count} {what}"
        for what, count in (("dropped", dropped), ("lost", iterations["lost"]), ("failed", iterations["failed"]))
        if count
    ]
    if abs(achieved / rate - 1) > 0.01:
        problems.append(f"{achieved:.0f}/s")
    return {
        "requests": iterations["started"],
        "rate": achieved,
        "cpu_us": load_us,
        "rest_us": rest_us,
        "p50_ms": latency.get("p50_ms"),
        "p99_ms": latency.get("p99_ms"),
        "p999_ms": latency.get("p999_ms"),
        "problem": ", ".join(problems),
        "verdict": summary["job"]["verdict"],
        "generator_lag_p99_ms": summary["generator_lag"]["p99_ms"],
    }


class Postgres:
    """A temporary cluster with Postgres's default settings, including durable commits."""

    def __init__(self):
        self.bin = postgres_bin()
        if not self.bin:
            raise SystemExit("Postgres not found: run `scripts/bench --install` as root, or install postgresql")
        base, port = temp_dir("pg"), free_port()
        account = self._account()
        if account:
            os.chown(base, account["user"], account["group"])
        command = [self.bin / "initdb", "-D", base / "data", "-U", "heavy", "-A", "trust", "-E", "UTF8"]
        subprocess.run(command + ["--locale=C"], check=True, cwd=base, stdout=subprocess.DEVNULL, **account)
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "max_wal_size=4GB", "-c", "shared_buffers=256MB"]
        self.server = Server(
            "postgres",
            [self.bin / "postgres", "-D", base / "data", "-k", base, "-p", port, *settings],
            # An immediate stop: the cluster is temporary.
            stop_signal=signal.SIGQUIT,
            cwd=base,
            **account,
        )
        self.url = f"postgres://heavy@127.0.0.1:{port}/postgres"
        self._wait(port)

    def _account(self):
        """The account to run as: Postgres refuses to run as root."""
        if os.getuid() != 0:
            return {}
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        entry = names.get("postgres") or names["nobody"]
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def _wait(self, port):
        # The port opens before the server accepts queries; it answers a login packet once it does.
        hello = b"\x00\x03\x00\x00user\x00heavy\x00database\x00postgres\x00\x00"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as probe:
                    probe.sendall((len(hello) + 4).to_bytes(4, "big") + hello)
                    if probe.recv(1) == b"R":
                        return
            except OSError:
                pass
            time.sleep(0.05)
        raise SystemExit("Postgres does not respond:\n" + "\n".join(self.server.lines))


def postgres_bin():
    """The directory with initdb and postgres, or None."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return pathlib.Path(found).parent
    versions = pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")
    directories = sorted((path.parent for path in versions), key=lambda path: float(path.parent.name))
    return directories[-1] if directories else None
