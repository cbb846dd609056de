#!/usr/bin/env python3
"""What bench/support makes of what its tools print: parsers, medians and ratios, tables, pages."""

import importlib.machinery
import importlib.util
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, ROOT)

from bench.support import counting, document, frame_names, load, log_cost, report, rounds  # noqa: E402

WRK = """\
Running 3s test @ http://127.0.0.1:4000/small
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.51ms  480.11us  12.03ms   91.00%
    Req/Sec    42.13k     1.60k   45.11k    70.00%
  Latency Distribution
     50%  780.00us
     75%    1.60ms
     90%    1.90ms
     99%    7.22ms
  125763 requests in 3.00s, 24.11MB read
"""
WRK_WITH_ERRORS = WRK + """\
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5
"""
WRK_END = "Requests/sec:  41911.42\nTransfer/sec:      8.03MB\n"

STRACE = """\
    calls syscall
--------- ----------------
    12800 recvfrom
     6400 sendto
      192 epoll_wait
--------- ----------------
    19392 total
"""

CALLGRIND = """\
version: 1
creator: callgrind-3.19.0
pid: 4711
events: Ir
fn=(1) main
16 400
totals: 1000
part: 2
totals: 234
"""

NM = """\
0000000000058c20 t frontdoor::Exchange::run(frontdoor::Exchange::run()::Frame*) [clone .destroy]
0000000000058a00 t frontdoor::Exchange::run(frontdoor::Exchange::run()::Frame*) [clone .actor]
000000000005b034 t frontdoor::Exchange::run(frontdoor::Exchange::run()::Frame*) [clone .destroy] [clone .cold]
0000000000061320 t frontdoor::H1Session::serve(frontdoor::H1Session::serve()::Frame*) [clone .destroy]
0000000000078a40 t void std::_Destroy_aux<false>::__destroy<frontdoor::config::Upstream*>(frontdoor::config::Upstream*)
"""


class Wrk(unittest.TestCase):
    def test_takes_rates_latencies_and_no_errors(self):
        self.assertEqual(load.parse_wrk(WRK + WRK_END), {
            "requests": 125763, "requests_per_second": 41911.42, "p50_us": 780, "p99_us": 7220, "errors": 0})

    def test_sums_errors_of_every_kind(self):
        self.assertEqual(load.parse_wrk(WRK_WITH_ERRORS + WRK_END)["errors"], 15)


class Counting(unittest.TestCase):
    def test_strace_without_its_total(self):
        self.assertEqual(counting.parse_strace(STRACE), {"recvfrom": 12800, "sendto": 6400, "epoll_wait": 192})

    def test_callgrind_sums_its_parts(self):
        self.assertEqual(counting.parse_callgrind(CALLGRIND), 1234)

    def test_callgrind_that_counted_nothing(self):
        self.assertEqual(counting.parse_callgrind("version: 1\n"), 0)


class Guard(unittest.TestCase):
    def test_one_call_or_three_in_a_hundred_instructions_more_are_worse(self):
        sys.path.insert(0, os.path.join(ROOT, "bench"))  # as for a script that lies there
        self.addCleanup(sys.path.pop, 0)
        loader = importlib.machinery.SourceFileLoader("guard", os.path.join(ROOT, "bench", "guard"))
        guard = importlib.util.module_from_spec(importlib.util.spec_from_loader("guard", loader))
        loader.exec_module(guard)
        before = {"system_calls": 4.03, "instructions": 10_000}
        for calls, instructions, problems in ((4.03, 10_000, 0), (4.6, 10_290, 0), (3, 5_000, 0), (5.0, 10_000, 1),
                                              (4.03, 10_310, 1), (5.0, 10_310, 2)):
            with self.subTest(calls=calls, instructions=instructions):
                now = {"system_calls": calls, "instructions": instructions}
                self.assertEqual(len(list(guard.worse("GET", now, before))), problems)


class Summary(unittest.TestCase):
    ROUNDS = [{"frontdoor": {"cpu_us": 10.0, "errors": 0}, "nginx": {"cpu_us": 20.0, "errors": 1}},
              {"frontdoor": {"cpu_us": 30.0, "errors": 2}, "nginx": {"cpu_us": 40.0, "errors": 0}},
              {"frontdoor": {"cpu_us": 12.0, "errors": 1}, "nginx": {"cpu_us": 10.0, "errors": 0}}]

    def test_median_and_spread(self):
        cpu = report.summarise(self.ROUNDS)["frontdoor"]["cpu_us"]
        self.assertEqual((cpu["median"], cpu["min"], cpu["max"]), (12.0, 10.0, 30.0))

    def test_the_ratio_is_taken_within_each_round(self):
        summary = report.summarise(self.ROUNDS)
        self.assertEqual(summary["frontdoor"]["cpu_us"]["to_nginx"], {"median": 0.75, "min": 0.5, "max": 1.2})
        self.assertEqual(summary["nginx"]["cpu_us"]["to_nginx"], {"median": 1, "min": 1, "max": 1})

    def test_errors_are_summed(self):
        summary = report.summarise(self.ROUNDS)
        self.assertEqual((summary["frontdoor"]["errors"], summary["nginx"]["errors"]), (3, 1))

    def test_no_ratio_to_nothing(self):
        summary = report.summarise([{"frontdoor": {"idle_bytes": 5, "errors": 0},
                                     "nginx": {"idle_bytes": 0, "errors": 0}}])
        self.assertNotIn("to_nginx", summary["frontdoor"]["idle_bytes"])

    def test_each_proxy_is_first_equally_often(self):
        self.assertEqual([rounds.in_rotation(number, "abc") for number in range(4)], ["abc", "bca", "cab", "abc"])


class Tables(unittest.TestCase):
    def test_a_row_for_each_workload_and_proxy(self):
        idle = report.summarise([{"frontdoor": {"idle_bytes": 242.4, "rss_mib": 8.0, "errors": 0},
                                  "nginx": {"idle_bytes": 484.8, "rss_mib": 25.25, "errors": 0}}])
        self.assertEqual(report.markdown({"idle": idle}).splitlines(), [
            "| workload |  | resident bytes per connection | to nginx | RSS MiB |",
            "|---|---|---:|---:|---:|",
            "| idle | frontdoor | **242** (242–242) | **0.50** (0.50–0.50) | 8.0 |",
            "| idle | nginx | **485** (485–485) | 1 | 25.2 |"])

    def test_a_table_for_each_kind_of_figures(self):
        burst = report.summarise([{"frontdoor": {"before_mib": 5.6, "top_mib": 40.7, "after_mib": 5.5, "left": 0.98,
                                                 "errors": 0}}])
        beside = report.summarise([{"frontdoor": {"cpu_us_alone": 10.0, "cpu_us_beside": 10.1,
                                                  "beside_to_alone": 1.01, "errors": 0}}])
        tables = report.markdown({"burst": burst, "beside-idle": beside}).split("\n\n")
        self.assertIn("| beside-idle | frontdoor | **1.010** (1.010–1.010) | **10.1** (10.1–10.1) | "
                      "**10.0** (10.0–10.0) | 0 |", tables[0])
        self.assertIn("| burst | frontdoor | **0.98** (0.98–0.98) | 5.6 | 40.7 | 5.5 |", tables[1])

    def test_micro_benchmarks_in_the_order_of_the_source_without_aggregates(self):
        def run(name, family, instance, time, kind="iteration"):
            return {"name": name, "run_name": name, "family_index": family, "per_family_instance_index": instance,
                    "run_type": kind, "cpu_time": time}
        runs = [run("pick/64", 1, 1, 188), run("parse", 0, 0, 61), run("pick/4", 1, 0, 13), run("parse", 0, 0, 60),
                run("parse", 0, 0, 65), run("parse", 0, 0, 999, "aggregate")]
        summary = report.summarise_micro({"benchmarks": runs})
        self.assertEqual(list(summary), ["parse", "pick/4", "pick/64"])
        self.assertEqual(summary["parse"], {"median": 61, "min": 60, "max": 65})

    def test_what_a_log_costs_stands_beside_the_same_proxy_without(self):
        measured = {("frontdoor", "off"): {"system_calls": 4.03, "instructions": 15_000},
                    ("frontdoor", "on"): {"system_calls": 4.05, "instructions": 16_500},
                    ("nginx", "off"): {"system_calls": 6.0, "instructions": 30_000},
                    ("nginx", "on"): {"system_calls": 7.0, "instructions": 33_000}}
        table = log_cost.table(measured)
        self.assertIn("| frontdoor, JSON, on | 4.05 | +0.02 | 16,500 | +10.0 % |", table)
        self.assertIn("| nginx, combined, on | 7.00 | +1.00 | 33,000 | +10.0 % |", table)
        self.assertEqual(list(log_cost.too_dear(measured)), [])
        measured["frontdoor", "on"] = {"system_calls": 4.14, "instructions": 16_501}
        calls, instructions = log_cost.too_dear(measured)
        self.assertIn("0.11 system calls", calls)
        self.assertIn("1,501 instructions", instructions)

    def test_a_micro_benchmark_that_failed_is_an_error(self):
        failed = {"name": "pick/4", "run_name": "pick/4", "family_index": 0, "per_family_instance_index": 0,
                  "error_occurred": True, "error_message": "none is up"}
        with self.assertRaisesRegex(RuntimeError, "pick/4: none is up"):
            report.summarise_micro({"benchmarks": [failed]})


class Page(unittest.TestCase):
    PAGE = "# Title\n\n<!-- bench/run -->\n\nold\n\n<!-- end of bench/run -->\n\nprose\n"

    def test_only_what_is_between_the_markers_is_replaced(self):
        page = document.replace_between_markers(self.PAGE, "bench/run", "| new |\n")
        self.assertEqual(page, self.PAGE.replace("old", "| new |"))
        self.assertEqual(document.replace_between_markers(page, "bench/run", "| new |"), page)

    def test_a_page_without_the_markers_is_an_error(self):
        with self.assertRaises(ValueError):
            document.replace_between_markers(self.PAGE, "bench/other", "new")

    def test_the_committed_page_has_all_markers(self):
        with open(os.path.join(ROOT, "docs", "performance.md"), encoding="utf-8") as file:
            page = file.read()
        for name in ("bench/run", "bench/guard", "bench/frames", "bench/micro"):
            document.replace_between_markers(page, name, "new")
        self.assertIn("Exchange::run", frame_names.from_table(page))


class Frames(unittest.TestCase):
    def test_names_come_from_destroy_functions(self):
        symbols = frame_names.parse_symbols(NM)
        self.assertEqual(symbols, {0x58c20: "Exchange::run", 0x61320: "H1Session::serve"})
        sizes = frame_names.parse_sizes("61320 560\n58c20 80\n")
        self.assertEqual(list(frame_names.named(sizes, symbols).items()),
                         [("Exchange::run", 80), ("H1Session::serve", 560)])

    def test_a_frame_without_a_name_is_a_mistake(self):
        with self.assertRaises(KeyError):
            frame_names.named({1: 80}, {})

    def test_deviations(self):
        rows = "".join(f"| `{name}` | 100 |\n" for name in "abc")
        before = frame_names.from_table("| coroutine | bytes |\n|---|---:|\n" + rows)
        self.assertEqual(list(frame_names.deviations({"a": 120, "b": 130, "d": 5}, before, 0.25)),
                         ["b: 130 bytes, were 100", "c: gone", "d: new"])


unittest.main()
