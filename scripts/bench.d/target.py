"""The targets: nginx, and the demo target, which stamps every arrival."""

import os
import socket
import time
import urllib.request

from process import Server, temp_dir, free_port


class Nginx:
    """nginx with one worker that answers 12 bytes: the configuration that heavy's tests use."""

    def __init__(self, root):
        prefix, port, status_port = temp_dir("nginx"), free_port(), free_port()
        config = (root / "testkit/src/nginx.conf").read_text()
        for name, value in (("PORT", port), ("STATUS_PORT", status_port), ("PREFIX", prefix)):
            config = config.replace(f"@{name}@", str(value))
        (prefix / "nginx.conf").write_text(config)
        path = os.environ.get("PATH", "") + ":/usr/sbin"
        self.url = f"http://127.0.0.1:{port}/"
        self.server = Server(
            "nginx", ["nginx", "-p", prefix, "-c", prefix / "nginx.conf"], env={**os.environ, "PATH": path}
        )
        _wait_open(port, self.server)


class DemoTarget:
    """The demo target: it stamps the instant at which it has parsed the head of a request."""

    def __init__(self, root):
        program = root / "target/release/demo_target"
        self.server = Server("demo_target", [program, "--listen", "127.0.0.1:0"])
        self.url = f"http://{self.server.address()}/"

    def reset(self):
        """Discards the recorded arrivals."""
        urllib.request.urlopen(urllib.request.Request(self.url + "_reset", method="POST")).read()

    def lateness_ms(self, rate):
        """The 99th percentile of how late requests arrived, and how many arrived.

        Request n is due at start + n / rate; the start is the earliest that fits every arrival. Connections
        are opened in the first second, which does not count.
        """
        text = urllib.request.urlopen(self.url + "_arrivals").read()
        arrivals_ns = [int(line) for line in text.split()]
        late_ms = lateness_ms(arrivals_ns, rate)
        return (late_ms[int(len(late_ms) * 0.99)] if late_ms else None), len(arrivals_ns)


def lateness_ms(arrivals_ns, rate):
    """How late each arrival after the first second is, ascending."""
    settled = [at for at in arrivals_ns if at >= arrivals_ns[0] + 1_000_000_000] if arrivals_ns else []
    offsets = [at - n * 1_000_000_000 / rate for n, at in enumerate(settled)]
    start = min(offsets, default=0)
    return sorted((offset - start) / 1e6 for offset in offsets)


def _wait_open(port, server):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{server.name} does not respond:\n" + "\n".join(server.lines))
