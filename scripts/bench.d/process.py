"""Processes that end with the benchmark, and the CPU time and memory that they and their children use."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")

_servers = []
_temp_dirs = []


def temp_dir(name):
    """A temporary directory that every user may enter; `stop_all` removes it."""
    created = tempfile.TemporaryDirectory(prefix=f"heavy-bench-{name}-")
    os.chmod(created.name, 0o755)
    _temp_dirs.append(created)
    return pathlib.Path(created.name)


def free_port():
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop_all():
    """Stops every server and removes every temporary directory, newest first."""
    while _servers:
        _servers[-1].stop()
    while _temp_dirs:
        _temp_dirs.pop().cleanup()


class Server:
    """A server in its own session. Keeps its stderr, for error messages and the address it listens on."""

    def __init__(self, name, command, stop_signal=signal.SIGTERM, **popen):
        self.name = name
        self.stop_signal = stop_signal
        self.lines = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            **popen,
        )
        _servers.append(self)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines = [*self.lines[-200:], line.rstrip()]
                self.changed.notify_all()
        with self.changed:
            self.lines.append("(end of output)")
            self.changed.notify_all()

    def address(self, limit_s=30):
        """The address in its line `listening on http://ADDRESS`."""
        deadline = time.monotonic() + limit_s
        with self.changed:
            while True:
                for line in self.lines:
                    found = re.search(r"listening on http://([0-9.]+:\d+)", line)
                    if found:
                        return found[1]
                left = deadline - time.monotonic()
                if left <= 0 or self.lines[-1:] == ["(end of output)"]:
                    raise SystemExit(f"{self.name} did not print its address:\n" + "\n".join(self.lines))
                self.changed.wait(left)

    def cpu_us(self):
        """CPU time of the process, its living children and those it waited for, in us."""
        return sum(_own_us(pid) for pid in tree(self.process.pid))

    def stop(self):
        """Asks the server to stop, then kills what remains of its process group."""
        if self in _servers:
            _servers.remove(self)
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.reader.join(5)
        self.process.stderr.close()


def run(command, limit_s, env=None, accept=(0,)):
    """Runs a program until it exits. Returns its stdout, and its and its children's CPU time in us."""
    command = [str(part) for part in command]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )
    # Threads read both pipes, so that we can call wait4, which returns the exact CPU time.
    parts = {}
    readers = [
        threading.Thread(target=lambda name=name, pipe=pipe: parts.update({name: pipe.read()}))
        for name, pipe in (("out", process.stdout), ("err", process.stderr))
    ]
    for reader in readers:
        reader.start()
    timer = threading.Timer(limit_s, lambda: os.killpg(process.pid, signal.SIGKILL))
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        timer.cancel()
    for reader in readers:
        reader.join()
    process.stdout.close()
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    out, err = (parts[name].decode(errors="replace") for name in ("out", "err"))
    if process.returncode not in accept:
        raise RuntimeError(f"{' '.join(command)} exited with {process.returncode}:\n{err[-2000:] or out[-2000:]}")
    return out, (usage.ru_utime + usage.ru_stime) * 1_000_000


def _fields(pid):
    """The fields of /proc/PID/stat after the name, or None if the process has exited."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def _own_us(pid):
    fields = _fields(pid)
    # utime, stime, cutime and cstime.
    return sum(int(ticks) for ticks in fields[11:15]) * TICK_US if fields else 0


def resident_mib(pid):
    """The resident memory of a process, or None if it has exited."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else None


def tree(root):
    """A process and all its descendants, itself first."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _fields(entry.name)
            if fields:
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, rest = [], [root]
    while rest:
        pid = rest.pop()
        found.append(pid)
        rest.extend(parents.get(pid, []))
    return found
