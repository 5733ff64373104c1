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
_folders = []


def folder(name):
    """A temporary folder that every user may enter, removed in the end."""
    created = tempfile.TemporaryDirectory(prefix=f"heavy-bench-{name}-")
    os.chmod(created.name, 0o755)
    _folders.append(created)
    return pathlib.Path(created.name)


def free_port():
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop_all():
    """Ends every server and removes every folder; newest first."""
    while _servers:
        _servers[-1].stop()
    while _folders:
        _folders.pop().cleanup()


class Server:
    """A server in a session of its own. Its stderr is kept for messages and for the address it tells."""

    def __init__(self, name, command, stop_signal=signal.SIGTERM, **popen):
        self.name = name
        self.stop_signal = stop_signal
        self.lines = []
        self.told = threading.Condition()
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
            with self.told:
                self.lines = [*self.lines[-200:], line.rstrip()]
                self.told.notify_all()
        with self.told:
            self.lines.append("(end of its output)")
            self.told.notify_all()

    def address(self, limit_s=30):
        """The address in its line `listening on http://ADDRESS`."""
        deadline = time.monotonic() + limit_s
        with self.told:
            while True:
                for line in self.lines:
                    found = re.search(r"listening on http://([0-9.]+:\d+)", line)
                    if found:
                        return found[1]
                left = deadline - time.monotonic()
                if left <= 0 or self.lines[-1:] == ["(end of its output)"]:
                    raise SystemExit(f"{self.name} did not say where it listens:\n" + "\n".join(self.lines))
                self.told.wait(left)

    def cpu_us(self):
        """CPU time of the process, its living children and those it waited for, in us."""
        return sum(_own_us(pid) for pid in tree(self.process.pid))

    def stop(self):
        """Asks it to end, and kills what is left of its session's group."""
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
    """Runs a program to its end. Returns its stdout, and the CPU time of it and its children in us."""
    command = [str(part) for part in command]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )
    # Both pipes are read in threads, so that wait4 is ours and tells the CPU time exactly.
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
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{err[-2000:] or out[-2000:]}")
    return out, (usage.ru_utime + usage.ru_stime) * 1_000_000


def _fields(pid):
    """The fields of /proc/PID/stat after the name, or None when the process is gone."""
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
    """The memory that a process has in RAM, or None when it is gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else None


def tree(root):
    """A process and all that descend from it, itself first."""
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
