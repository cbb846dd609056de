"""Rounds in, medians with their spread out: as values for JSON and as a Markdown table."""

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


def markdown(results):
    """results: {workload: summary}. One table for load, one for idle connections."""
    loaded = {name: summary for name, summary in results.items() if "cpu_us" in next(iter(summary.values()))}
    idle = {name: summary for name, summary in results.items() if name not in loaded}
    tables = []
    if loaded:
        tables.append(_table(
            ("workload", "", "CPU µs per request", "to nginx", "requests/s", "to nginx", "p50 ms", "p99 ms", "RSS MiB",
             "errors"),
            [(name, proxy, _range(of["cpu_us"], "{:.1f}"), _ratio(of["cpu_us"]),
              _range(of["requests_per_second"], "{:,.0f}"), _ratio(of["requests_per_second"]),
              _millis(of["p50_us"]), _millis(of["p99_us"]), f"{of['rss_mib']['median']:.1f}", f"{of['errors']}")
             for name, summary in loaded.items() for proxy, of in summary.items()]))
    if idle:
        tables.append(_table(
            ("workload", "", "resident bytes per connection", "to nginx", "RSS MiB"),
            [(name, proxy, _range(of["idle_bytes"], "{:,.0f}"), _ratio(of["idle_bytes"]),
              f"{of['rss_mib']['median']:.1f}")
             for name, summary in idle.items() for proxy, of in summary.items()]))
    return "\n\n".join(tables)


def _table(titles, rows):
    lines = ["| " + " | ".join(titles) + " |", "|---|---|" + "---:|" * (len(titles) - 2)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _range(entry, form):
    median_, low, high = (form.format(entry[key]) for key in ("median", "min", "max"))
    return f"**{median_}** ({low}–{high})"


def _ratio(entry):
    ratio = entry.get("to_nginx", {})
    if set(ratio.values()) == {1}:
        return "1"  # nginx's own
    return _range(ratio, "{:.2f}") if ratio else "–"


def _millis(entry):
    return f"{entry['median'] / 1000:.2f}"
