#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ci/bench and ci/bench_guard.py read what programs print as what it means, and say of a figure what holds."""

import json
import pathlib
import sys
import tempfile
import unittest

CI = pathlib.Path(__file__).resolve().parent.parent / "ci"
sys.path[:0] = [str(CI), str(CI / "bench")]

import alloc  # noqa: E402
import bench_guard  # noqa: E402
import codec  # noqa: E402
import cost  # noqa: E402
import instructions  # noqa: E402
import measurements  # noqa: E402
import peer  # noqa: E402
import report  # noqa: E402
import start  # noqa: E402
import targets  # noqa: E402


class Readings(unittest.TestCase):
    def test_calls_are_summed_by_code(self):
        metrics = ('# HELP msp_calls_total ended\nmsp_calls_total{method="CreateOrder",code="OK",outcome="CONFIRMED"} 1.2e+04\n'
                   'msp_calls_total{method="GetOrder",code="OK",outcome=""} 3\n'
                   'msp_calls_total{method="GetOrder",code="UNAVAILABLE",outcome=""} 2\nmsp_calls_total_created{code="OK"} 9\n')
        self.assertEqual(measurements.calls_by_code(metrics), {"OK": 12003, "UNAVAILABLE": 2})

    def test_lines_of_status_are_told_apart(self):
        status = "VmRSS:\t   2048 kB\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t3\n"
        self.assertEqual([measurements.status_number(status, key) for key in
                          ("VmRSS", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")], [2048, 7, 3])

    def test_other_status_than_200_is_a_failure(self):
        self.assertEqual(measurements.h2load_times("1\t200\t40\n2\t502\t60\n"), ([40, 60], 1))

    def test_quantile_is_a_value_that_was_measured(self):
        self.assertEqual([measurements.quantile([3, 1, 2, 4], share) for share in (0, 0.5, 0.99, 1)], [1, 2, 3, 4])

    def test_grpc_message_has_its_length_before_it(self):
        self.assertEqual(measurements.grpc_message(1, "ab"), b"\0\0\0\0\x04\x0a\x02ab")
        self.assertEqual(measurements.grpc_message(1, "x" * 200)[:8], b"\0\0\0\0\xcb\x0a\xc8\x01")

    def test_frames_and_headers_have_their_length_before_them(self):
        self.assertEqual(start.frame(start.DATA, start.END_STREAM, 1, b"abc"), b"\0\0\3\0\1\0\0\0\1abc")
        self.assertEqual(start.header("te", "trailers"), b"\x10\x02te\x08trailers")


class Allocations(unittest.TestCase):
    def test_owner_of_symbol(self):
        for symbol, owner in {
            "_ZN3msp5codec6Reader8FromTextEv": alloc.OURS,
            "_ZZN3msp3psp11PaymentCall5StartEvENKUlvE_clEv": alloc.OURS,
            "_ZNSt6vectorIN3msp3psp4CallESaIS2_EE17_M_realloc_insertEv": alloc.OURS,
            "_ZNSt6vectorIiSaIiEE17_M_realloc_insertEv": "",
            "_ZZN3msp6access12_GLOBAL__N_13M27ENKUlRN6google8protobuf7MessageEE_clES5_": "messages",
            "_ZN12multisafepay2v15OrderC1Ev": "messages",
            "_ZNK6google8protobuf7Message3NewEv": "messages",
            "_ZN4grpc8internal9CallOpSetIN3msp1XEE": "gRPC",
            "_ZN9grpc_core7ExecCtx5FlushEv": "gRPC",
            "_ZNSt10unique_ptrIN9grpc_core6HandleEE5resetEv": "gRPC",
            "grpc_call_start_batch": "gRPC",
            "gpr_malloc": "gRPC",
            "_Znwm": "",
            "malloc": "",
        }.items():
            self.assertEqual(alloc.owner_of_symbol(symbol), owner, symbol)

    def test_innermost_owner_counts_and_messages_count_by_who_asked(self):
        ours, grpc, message = (alloc.OURS, "_ZN3msp1AEv"), ("gRPC", ""), ("messages", "")
        none = ("", "_Znwm")
        self.assertEqual(alloc.attribute([none, ours, grpc]), (alloc.OURS, "_ZN3msp1AEv"))
        self.assertEqual(alloc.attribute([none, message, message, ours]), (alloc.BY_US, "_ZN3msp1AEv"))
        self.assertEqual(alloc.attribute([message, grpc, ours])[0], alloc.BY_GRPC)
        self.assertEqual(alloc.attribute([none])[0], "not known")


class Figures(unittest.TestCase):
    def test_median_of_the_repetitions_stands(self):
        def run(name, kind, us, **more):
            return {"run_name": name, "run_type": kind, "repetitions": 2, "cpu_time": us * 1000, "time_unit": "ns", **more}
        rows = []
        for name, us in (("Encode", 1), ("DecodeAnswer", 3), ("EncodeByJsonUtil", 20), ("DecodeByJsonUtil", 40)):
            rows += [run(name, "iteration", 99), run(name, "aggregate", us, aggregate_name="median"),
                     run(name, "aggregate", 7, aggregate_name="mean")]
        found = codec.figures({"benchmarks": rows})
        self.assertEqual((found["encode_and_decode_us"], found["json_util_ratio"]), (4, 15))

    def test_ratio_is_taken_turn_by_turn(self):
        def turn(service, grpc, curl):
            return {name: {"cpu_us": us, "p50_us": 1, "p99_us": 1, "calls_per_s": 1}
                    for name, us in (("service", service), ("grpc_only", grpc), ("curl_only", curl))}
        ratio = cost.summary([turn(30, 10, 10), turn(60, 20, 20), turn(300, 10, 10)])["ratio"]
        self.assertEqual((ratio["median"], ratio["most"]), (1.5, 15))

    def test_tables_lead_with_ratios_and_give_the_rest_relative_to_the_service(self):
        def turn(service, grpc, curl, rust):
            return {name: {"cpu_us": us, "p50_us": 2 * us, "p99_us": 1, "calls_per_s": 1}
                    for name, us in (("service", service), ("grpc_only", grpc), ("curl_only", curl), ("rust", rust))}
        text = report.beside_floors({"4x4": cost.summary([turn(30, 10, 10, 60)])})
        self.assertLess(text.index("1.50"), text.index("medians"))
        self.assertRegex(text, r"service / the peer in Rust\s+0\.50")
        self.assertRegex(text, r"rust\s+2\.00\s+2\.00\s+1\.00\s+1\.00")

    def test_instructions_are_what_callgrind_says_at_the_end(self):
        self.assertEqual(instructions.total("==1== Events    : Ir\n==1== Collected : 98765\n"), 98765)

    def test_each_turn_begins_with_another_program_and_runs_all(self):
        ran = []
        steps = [(name, lambda name=name: ran.append(name)) for name in "abc"]
        for number in range(3):
            cost.take_turn(steps, number)
        self.assertEqual("".join(ran), "abcbcacab")


class Targets(unittest.TestCase):
    def test_met_is_at_most_the_target_or_at_least_where_more_is_better(self):
        def met(figures):
            return [row["met"] for row in targets.judge(figures)]
        self.assertEqual(met({"cpu": {"4x4": {"ratio": {"median": 1.15}}}}), [True])
        self.assertEqual(met({"cpu": {"4x4": {"ratio": {"median": 1.16}}}}), [False])
        self.assertEqual(met({"codec": {"json_util_ratio": 15, "encode_and_decode_us": 6.1}}), [False, True])
        self.assertEqual(met({"codec": {"json_util_ratio": 9, "encode_and_decode_us": 6}}), [True, False])

    def test_part_that_was_not_run_has_no_row(self):
        self.assertEqual(targets.judge({}), [])

    def test_no_allocation_of_ours_is_a_figure_too(self):
        self.assertEqual([row["measured"] for row in targets.judge({"alloc": {"owners": {}}})], [0])


class Guard(unittest.TestCase):
    def test_three_percent_more_hold_and_four_do_not(self):
        self.assertEqual([bench_guard.judge(1000, count)[0] for count in (1000, 1030, 1031, 1040, 500)],
                         [True, True, False, False, True])

    def test_gain_is_mentioned(self):
        self.assertIn("worth recording", bench_guard.judge(1000, 960)[1])
        self.assertNotIn("worth recording", bench_guard.judge(1000, 980)[1])

    def test_other_version_cannot_be_compared_and_another_revision_can(self):
        then = {"libc6": "2.36-9+deb12u1", "valgrind": "1:3.19.0-1", "gone": "1-1", "processor": "with AVX2"}
        now = {"libc6": "2.36-9+deb12u2", "valgrind": "1:3.20.0-1", "processor": "without AVX2"}
        other, revised = bench_guard.other_toolchain(then, now)
        self.assertEqual([line.split()[0] for line in other], ["gone", "processor", "valgrind"])
        self.assertEqual([line.split()[0] for line in revised], ["libc6"])

    def test_count_above_the_limit_is_made_again(self):
        guard, counts = bench_guard.Guard.__new__(bench_guard.Guard), iter([1050, 1002])
        guard.count = lambda name: next(counts)
        self.assertEqual(guard.sure_count("order", 1000), 1002)
        guard.count = lambda name: 1010
        self.assertEqual(guard.sure_count("order", 1000), 1010)

    def test_disturbed_run_does_not_count(self):
        guard = bench_guard.Guard.__new__(bench_guard.Guard)
        base = {"short": 1_000_000, "long": 1_500_000}  # 1,000 a round of 500.
        guard.collected = lambda name, rounds, burn, tag: base[tag[:-2]] + (0 if tag.endswith(".1") else 9_000)
        self.assertEqual(guard.count("order"), 1000)

    def test_what_is_remembered_is_complete(self):
        last = json.loads(bench_guard.MEMORY.read_text())["updates"][-1]
        self.assertEqual(last["instructions"].keys(), bench_guard.ROUNDS.keys())
        self.assertTrue(last["reason"] and last["date"] and last["toolchain"])


class Peer(unittest.TestCase):
    def test_schema_has_what_the_peer_implements(self):
        with tempfile.TemporaryDirectory() as directory:
            schema = pathlib.Path(directory)
            peer.schema_for("async fn create_order(&self) async fn watch_order(&self)", schema)
            texts = {path.name: path.read_text() for path in schema.rglob("*.proto")}
            written = {path: path.stat().st_mtime_ns for path in schema.rglob("*.proto")}
            peer.schema_for("async fn create_order(&self) async fn watch_order(&self)", schema)
            self.assertEqual({path: path.stat().st_mtime_ns for path in schema.rglob("*.proto")}, written)
        methods = [line.split("(")[0].split()[1] for text in texts.values() for line in text.splitlines() if line.startswith("  rpc ")]
        self.assertEqual(methods, ["CreateOrder", "WatchOrder"])
        self.assertFalse([name for name, text in texts.items() if "Struct more" in text or "Struct unmodelled" in text])
        self.assertIn("message CreateOrderRequest {", texts["order_service.proto"])


class Report(unittest.TestCase):
    def test_cells(self):
        spread = {"median": 1.234, "least": 1, "most": 1234.5}
        self.assertEqual([report.cell(value) for value in (spread, 12345, 99.95, "x")], ["1.23 (1 to 1,234)", "12,345", "100.0", "x"])


if __name__ == "__main__":
    unittest.main()
