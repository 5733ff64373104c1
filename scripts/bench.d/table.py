"""The table, and the document that contains it."""

from measure import FIXED_RATES

BASE = "heavy, Postgres"
BEGIN, END = "<!-- scripts/bench writes from here -->", "<!-- to here -->"

METHOD = """\
Ratios in brackets are to *{base}*. Everything runs on this one machine: target, load generator and, for heavy,
scheduler, collector and database too.

- **max/s**: the highest rate held. heavy and k6 (open): the highest of an ascending list of rates that was
  achieved within 1% with nothing dropped, lost or failed. The others have a closed model: as fast as responses
  arrive. A closed rate tells less: such a tool slows down with its target without reporting it.
- **CPU us/request**: user and system time of the load generator divided by its requests, including start-up; for
  heavy, of the load test and its agent. *rest* is scheduler, collector and database together. Neither includes nginx.
- **p50/p99/p99.9 ms**: at that rate against nginx. heavy: response time, from the planned start, so free of
  coordinated omission. oha: from the planned start too (--latency-correction). k6 has no such figure: from the
  actual start. hey: from the actual start, *closed*.
- **late ms**: the 99th percentile of how late requests reached a target that stamps arrivals, against the plan
  start + n / rate; the first second, in which connections are opened, does not count.
- An entry after a comma is a problem: dropped iterations, or the achieved rate where it differs.
"""


def render(rows):
    """The table as aligned Markdown."""
    base = next((row for row in rows if row["label"] == BASE), None)
    head = ["tool", "max/s", "CPU us/request at max", "rest", "at 20k/s", "rest"]
    head += [f"p50/p99/p99.9 ms at {rate // 1000}k/s" for rate in FIXED_RATES]
    head += [f"late ms at {rate // 1000}k/s" for rate in FIXED_RATES]
    lines = [head] + [cells(row, base) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rule = ["-" * width for width in widths]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"
        for line in (lines[0], rule, *lines[1:])
    ]
    return "\n".join(text + [f"\n{row['label']} failed: {row['error']}" for row in rows if row["error"]])


def cells(row, base):
    if row["error"] and not row["max"]:
        return [row["label"], "failed", *["-"] * 9]
    base = base if base is not row else None
    fast = FIXED_RATES[-1]
    made = [row["label"], against(value(row["max"], "rate"), value(base and base["max"], "rate"), "{:,.0f}")]
    for seen, other in ((row["max"], base and base["max"]), (at(row, fast), base and at(base, fast))):
        made.append(against(each(seen, "cpu_us"), each(other, "cpu_us"), "{:.1f}"))
        rest = each(seen, "rest_us")
        made.append(f"{rest:.1f}" if rest else "-")
    for rate in FIXED_RATES:
        made.append(latency(at(row, rate), base and at(base, rate)))
    for rate in FIXED_RATES:
        late, other = row["lateness"].get(rate), base and base["lateness"].get(rate)
        text = against(value(late, "p99_ms"), value(other, "p99_ms"), "{:.2f}")
        made.append(flawed(text, late))
    return made


def at(row, rate):
    return row["fixed"].get(rate)


def value(seen, name):
    return seen[name] if seen else None


def each(seen, name):
    """CPU time per request."""
    return seen[name] / seen["requests"] if seen and seen["requests"] else None


def latency(seen, base):
    if not seen or seen["p50_ms"] is None:
        return "-"
    text = "/".join(f"{seen[name]:.2f}" for name in ("p50_ms", "p99_ms", "p999_ms"))
    if base and base["p99_ms"]:
        text += f" (p99 x{seen['p99_ms'] / base['p99_ms']:.1f})"
    return flawed(text, seen)


def flawed(text, seen):
    return f"{text}, {seen['problem']}" if seen and seen["problem"] else text


def against(number, base, form):
    if number is None:
        return "-"
    text = form.format(number)
    return f"{text} (x{number / base:.2f})" if base else text


def document(path, facts, rows):
    """Writes table and method between two markers of a document, or into a new document."""
    machine = facts["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    method = METHOD.format(base=BASE)
    notes = "\n".join(f"- {row['label']}: {row['note']}" for row in rows)
    quick = "\n**Short runs (--quick): a preview, not a result.**\n" if facts["quick"] else ""
    if machine["busy"]:
        quick += f"\n**Another load ran on the machine: {machine['busy']}.**\n"
    block = (
        f"{BEGIN}\n{machine['date']}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"Linux {machine['kernel']}. {versions}.\n{quick}\n{render(rows)}\n\n{method}\n{notes}\n{END}"
    )
    if path.is_file():
        text = path.read_text()
    else:
        text = f"# Performance\n\nMeasured by `scripts/bench`.\n\n{BEGIN}\n{END}\n"
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{path} needs the lines {BEGIN!r} and {END!r}, between which the table goes")
    before, rest = text.split(BEGIN, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(before + block + rest.split(END, 1)[1])
