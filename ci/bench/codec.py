# SPDX-License-Identifier: Apache-2.0

"""The codec's micro-benchmarks, and how they compare with protobuf's own json_util."""

import json
import subprocess


def measure(env, scale):
    out = env.dir / "codec.json"
    done = subprocess.run(
        [env.tools / "codec_bench", f"--benchmark_min_time={scale['codec_s']}", f"--benchmark_repetitions={scale['codec_times']}",
         "--benchmark_enable_random_interleaving=true", f"--benchmark_out={out}", "--benchmark_out_format=json"],
        capture_output=True, text=True)
    env.check(done.returncode == 0, f"codec_bench ended with {done.returncode}: {done.stderr}")
    return figures(json.loads(out.read_text()))


def figures(report):
    """Microseconds of CPU: the median of the repetitions, or the one run where there is no median."""
    rows, factor = {}, {"ns": 1e-3, "us": 1, "ms": 1e3}
    for run in report["benchmarks"]:
        if run.get("aggregate_name", "median") != "median":
            continue
        if run.get("run_type") == "aggregate" or run["repetitions"] == 1:
            rows[run["run_name"].split("/")[0]] = run["cpu_time"] * factor[run["time_unit"]]
    ours, theirs = rows["Encode"] + rows["DecodeAnswer"], rows["EncodeByJsonUtil"] + rows["DecodeByJsonUtil"]
    return {"us": rows, "encode_and_decode_us": ours, "json_util_ratio": theirs / ours,
            "encode_ratio": rows["EncodeByJsonUtil"] / rows["Encode"], "decode_ratio": rows["DecodeByJsonUtil"] / rows["DecodeAnswer"]}
