"""Rounds in, medians with their spread out: as values for JSON and as Markdown tables."""

from statistics import median


def summarise(rounds):
    """rounds: [{"frontdoor": {...}, "nginx": {...}}, ...] -> per proxy and figure: median, min, max, and the ratio to
    nginx, which is taken within each round, where both saw the same machine."""
    summary = {}
    for proxy in rounds[0]:
        summary[proxy] = {}
        for figure in rounds[0][proxy]:
            entry = _spread([one[proxy][figure] for one in rounds])
            nginx = [one["nginx"][figure] for one in rounds if "nginx" in one]
            if figure != "errors" and nginx and all(nginx):
                entry["to_nginx"] = _spread([one[proxy][figure] / one["nginx"][figure] for one in rounds])
            summary[proxy][figure] = entry
        summary[proxy]["errors"] = sum(one[proxy]["errors"] for one in rounds)
    return summary


def _spread(values):
    return {"median": median(values), "min": min(values), "max": max(values)}


def summarise_micro(document):
    """What Google Benchmark wrote as JSON -> {name: median, min and max of CPU ns}. One that failed is an error."""
    times = {}
    # They ran in a random order, and are told in that of the source.
    for one in sorted(document["benchmarks"], key=lambda one: (one["family_index"], one["per_family_instance_index"])):
        if one.get("error_occurred"):
            raise RuntimeError(f"{one['name']}: {one['error_message']}")
        if one["run_type"] == "iteration":
            times.setdefault(one["run_name"], []).append(one["cpu_time"])
    return {name: _spread(values) for name, values in times.items()}


def _range(entry, form):
    median_, low, high = (form.format(entry[key]) for key in ("median", "min", "max"))
    return f"**{median_}** ({low}–{high})"


def _to_nginx(entry):
    ratio = entry.get("to_nginx", {})
    if set(ratio.values()) == {1}:
        return "1"  # nginx's own
    return _range(ratio, "{:.2f}") if ratio else "–"


def _median(form, divisor=1):
    return lambda entry: form.format(entry["median"] / divisor)


def _ranged(form):
    return lambda entry: _range(entry, form)


# A table for each kind of figures: a summary belongs to the first whose first figure it has. (title, figure, how).
_TABLES = (
    (("CPU µs per request", "cpu_us", _ranged("{:.1f}")), ("to nginx", "cpu_us", _to_nginx),
     ("requests/s", "requests_per_second", _ranged("{:,.0f}")), ("to nginx", "requests_per_second", _to_nginx),
     ("p50 ms", "p50_us", _median("{:.2f}", 1000)), ("p99 ms", "p99_us", _median("{:.2f}", 1000)),
     ("RSS MiB", "rss_mib", _median("{:.1f}")), ("errors", "errors", str)),
    (("resident bytes per connection", "idle_bytes", _ranged("{:,.0f}")), ("to nginx", "idle_bytes", _to_nginx),
     ("RSS MiB", "rss_mib", _median("{:.1f}"))),
    (("beside ÷ alone", "beside_to_alone", _ranged("{:.3f}")),
     ("CPU µs per request, beside", "cpu_us_beside", _ranged("{:.1f}")),
     ("alone", "cpu_us_alone", _ranged("{:.1f}")), ("errors", "errors", str)),
    (("RSS after ÷ before", "left", _ranged("{:.2f}")), ("before, MiB", "before_mib", _median("{:.1f}")),
     ("at the top", "top_mib", _median("{:.1f}")), ("10 s after", "after_mib", _median("{:.1f}"))),
)


def markdown(results):
    """results: {workload: summary} -> one table for each kind of figures that is there."""
    tables = []
    for columns in _TABLES:
        rows = [[name, proxy, *(how(of[figure]) for _, figure, how in columns)]
                for name, summary in results.items() for proxy, of in summary.items() if columns[0][1] in of]
        if rows:
            tables.append(table(["workload", "", *(title for title, _, _ in columns)], rows))
    return "\n\n".join(tables)


def table(titles, rows, words=2):
    """The first `words` columns are text, the others numbers."""
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * words + "---:|" * (len(titles) - words)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def provenance(results):
    """Where and when it was measured, in a sentence."""
    machine, programs = results["machine"], results["versions"]
    loads = f"{machine['load_average'][0]:.1f} before and {machine['load_average_after'][0]:.1f} after"
    return (f"`bench/run --rounds {results['rounds']} --seconds {results['seconds']}`, {results['date']}, "
            f"{results['took_s'] // 60} min {results['took_s'] % 60} s; {machine['cores']} cores of {machine['cpu']}, "
            f"Linux {machine['kernel']}, load average {loads}; {programs['nginx'].removeprefix('nginx version: ')}, "
            f"{' '.join(programs['haproxy'].split()[:3])}, frontdoor of commit {programs['commit']}.")
