"""Types into a program on a terminal of its own.

Arguments: the program and its arguments. On stdin: JSON, a list of steps. Each step waits for texts that the program
writes one after the other, behind what was waited for before ("expect"), then types another ("send"), or closes the terminal (null). In the end the program has to end.
Prints {"code": ..., "screen": ...} with all that was written.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

LIMIT_S = 40

steps = json.load(sys.stdin)
child, terminal = pty.fork()
if child == 0:
    # The tests themselves may run under nohup.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
deadline = time.monotonic() + LIMIT_S
screen = b""
seen = 0


def read():
    """Adds what the program writes next; false when it writes no more."""
    global screen
    left = deadline - time.monotonic()
    if left <= 0 or not select.select([terminal], [], [], left)[0]:
        sys.exit(f"nothing more came in {LIMIT_S} s: {screen.decode(errors='replace')!r}")
    try:
        read = os.read(terminal, 65536)
    except OSError:
        return False
    screen += read
    return bool(read)


for step in steps:
    for wanted in (text.encode() for text in step["expect"]):
        while screen.find(wanted, seen) < 0:
            if not read():
                sys.exit(f"it ended before {wanted!r}: {screen.decode(errors='replace')!r}")
        seen = screen.find(wanted, seen) + len(wanted)
    if step["send"] is None:
        os.close(terminal)
        terminal = None
    else:
        os.write(terminal, step["send"].encode())
while terminal is not None and read():
    pass
_, status = os.waitpid(child, 0)
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "screen": screen.decode(errors="replace")}))
