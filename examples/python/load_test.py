#!/usr/bin/env python3
"""A heavy load test without the SDK: GETs the param `url`. docs/protocol.md specifies the protocol."""
import http.client, json, os, socket, struct, sys, threading, time, urllib.parse, uuid
from datetime import datetime, timezone

rpc, lock, setup, waiting, running = socket.socket(fileno=os.dup(0)), threading.Condition(), {}, {}, set()

def emit(line):
    with lock:
        print(json.dumps(line), flush=True)

def wall(ns):  # from CLOCK_MONOTONIC to the job's clock, as RFC 3339
    s, rest = divmod(ns - setup["anchor"]["monotonic_ns"] + setup["anchor"]["wall_ns"], 10**9)
    return datetime.fromtimestamp(s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:09}Z"

def iteration(name, url, n, due):
    started, status, size, error = time.monotonic_ns(), 0, 0, None
    with lock:
        waiting.pop(n, None)
        dropped = "late" if started - due > 10**9 else "full" if len(running) >= setup["max_in_flight"] else None
        dropped or running.add(n)
    if dropped:
        return emit({"type": "dropped", "workflow": name, "reason": dropped, "count": 1, "first": n, "last": n})
    parts = urllib.parse.urlsplit(url)
    try:
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        status, size = answer.status, len(answer.read())
        connection.close()
    except OSError as e:
        error = str(e)
    about = {"sequenceID": str(uuid.uuid4()), "workflow": name, "iteration": n, "error": error,
             "duration": time.monotonic_ns() - started}
    emit({**about, "url": url, "method": "GET", "status": status, "size": size, "timestamp": wall(started)})
    emit({**about, "type": "iteration", "scheduled": wall(due), "lag": started - due, "ok": error is None,
          "errorKind": "iteration" if error else ""})
    with lock:
        running.discard(n)
        lock.notify_all()

def answer(call, arguments):
    if call == "Describe":
        return {"sdk": "python-example 1", "workflows": [{"name": "default"}]}
    if call == "Prepare":
        setup.update(arguments["setup"])
        if any("closed" in workflow for workflow in setup["workflows"]):
            return {"Err": {"kind": "closed", "message": "this load test has no users: load it with --rate"}}
        missing = any("url" not in (workflow["params"] or {}) for workflow in setup["workflows"])
        return {"Err": {"kind": "params", "message": "the param `url` is missing"}} if missing else {"Ok": {}}
    if call == "Run":
        release = arguments["release"]
        url = next(w["params"]["url"] for w in setup["workflows"] if w["name"] == release["workflow"])
        for n, due in release["due"]:
            due += setup["anchor"]["monotonic_ns"]
            delay = max(0, due - time.monotonic_ns()) / 1e9
            timer = waiting[n] = threading.Timer(delay, iteration, (release["workflow"], url, n, due))
            timer.start()
        return {"Ok": {"accepted": len(release["due"]), "in_flight": len(running)}}
    if call == "Stop":
        with lock:
            withdrawn = [waiting.pop(n).cancel() for n in list(waiting)]
            lock.wait_for(lambda: not running, arguments["grace_ns"] / 1e9)
        return {"withdrawn": len(withdrawn), "interrupted": 0}
    return {"Ok": None}

def read(length):
    data = rpc.recv(length, socket.MSG_WAITALL)
    return data if len(data) == length else os._exit(0)  # the agent is gone

emit({"type": "hello", "protocol": 1, "sdk": "python-example 1"})
while True:
    message = json.loads(read(*struct.unpack(">I", read(4))))
    if "Request" in message:
        [(call, arguments)] = message["Request"]["message"].items()
        reply = {"request_id": message["Request"]["id"], "message": {"Ok": {call: answer(call, arguments)}}}
        body = json.dumps(reply).encode()
        rpc.sendall(struct.pack(">I", len(body)) + body)
