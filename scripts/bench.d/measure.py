"""What scripts/bench measures for each tool."""

import sys

FIXED_RATES = (1_000, 20_000)


def measure(tool, root, nginx, stamping, quick):
    """One row of the table: all measurements of one tool."""
    seconds = 3 if quick else 10
    row = {"label": tool.label, "note": tool.note, "fixed": {}, "lateness": {}, "max": None, "error": ""}
    say(f"{tool.label}: {tool.note}")
    try:
        tool.start(root)
        row["max"] = maximum(tool, root, nginx, seconds, quick)
        if tool.has_rate:
            for rate in FIXED_RATES:
                row["fixed"][rate] = seen = at_nginx(tool, nginx, rate, seconds)
                say(f"  {rate}/s: p50 {seen['p50_ms']} p99 {seen['p99_ms']} ms {seen['problem']}")
                row["lateness"][rate] = late = lateness(tool, stamping, rate, seconds)
                say(f"  {rate}/s: lateness p99 {late['p99_ms']} ms {late['problem']}")
        tool.stop()
    except RuntimeError as error:
        # A failing tool must not cost the results of the others.
        row["error"] = str(error).splitlines()[-1]
        say(f"  failed: {error}")
        tool.stop()
    return row


def maximum(tool, root, nginx, seconds, quick):
    """The closed rate flat out, or the highest rate of the ladder that the tool held without losses."""
    if not tool.ladder:
        best = with_target(nginx, lambda: tool.flat_out(nginx.url, seconds))
        say(f"  flat out: {best['rate']:.0f}/s {best['problem']}")
        return best
    best = None
    for rate in tool.ladder[:: 2 if quick else 1]:
        # One failure may be the machine's; two in a row are the tool's.
        seen = rung(tool, root, nginx, rate, seconds) or rung(tool, root, nginx, rate, seconds)
        if not seen:
            break
        best = {**seen, "asked": rate}
    return best


def rung(tool, root, nginx, rate, seconds):
    """The outcome at a rate, or None when the tool did not hold it."""
    try:
        seen = at_nginx(tool, nginx, rate, seconds)
    except RuntimeError as error:
        say(f"  {rate}/s: {error}")
        # A tool that failed under load must not affect the next measurement.
        tool.stop()
        tool.start(root)
        return None
    say(f"  {rate}/s: {seen['problem'] or 'held'}")
    return None if seen["problem"] else seen


def at_nginx(tool, nginx, rate, seconds):
    return with_target(nginx, lambda: tool.fixed(nginx.url, rate, seconds))


def with_target(nginx, action):
    """Adds the CPU time of the target to an outcome."""
    before = nginx.server.cpu_us()
    seen = action()
    seen["target_us"] = nginx.server.cpu_us() - before
    return seen


def lateness(tool, stamping, rate, seconds):
    stamping.reset()
    seen = tool.fixed(stamping.url, rate, seconds)
    p99_ms, arrived = stamping.lateness_ms(rate)
    return {"p99_ms": p99_ms, "arrived": arrived, "problem": seen["problem"]}


def say(text):
    print(text, file=sys.stderr, flush=True)
