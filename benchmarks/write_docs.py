"""Writes `docs/performance.md` from the results, so that no number in it is typed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks import compile_page, gpu_page, memory_page, search_page, training_page
from benchmarks.measure import RESULTS, ROOT

PAGE = ROOT / "docs" / "performance.md"

_INTRODUCTION = """\
# Performance

<!-- Written by `python -m benchmarks.write_docs` from benchmarks/results/*.json; do not edit. -->

How long it takes to learn what EfficientNetV2-L costs (118,515,272 parameters, 56,079,699,008 multiply-accumulates at
480 x 480): with `archdsl estimate`, which reads the text and computes shapes, and with the counters that people run on
timm's `tf_efficientnetv2_l`. Both sides took turns in one run; times are medians, and it is the ratios that carry over
to other machines.
"""
_PROCESS = """\
## A whole process

From the shell and back, imports and all. The peers are in their fastest honest form: without initial weights, and on
the meta device where the counter works there.
"""
_IN_PROCESS = """\
## In one process

From the text of the spec to the estimate, as an editor or a search would call it: parsed, names checked, elaborated and
counted anew each time. The peers only count; importing their libraries and building their models, most of their time
above, is left out. The first call of a process also reads the tables of the grammar and the standard library.
"""
_CHECK = """\
## A whole folder

Every shipped spec read and elaborated and its claims proved, in one process. Beside it, how long it takes to import
torch, before there is a network that one could count.
"""
_NO_CHECK = "Not measured yet. To measure, `python -m benchmarks.check_process`.\n"
_KEYSTROKE = """\
## While you type

From a keystroke in `specs/efficientnet.arch`, a file of eight networks, to its diagnostics in the editor: a warm
`archdsl lsp`, asked over its standard input and output. Where more than comments has changed and the text can be read,
all its networks are compiled anew.
"""
_CANDIDATES = """\
## Candidates of a search

Networks of `specs/mnasnet_space.arch`, MnasNet's search space, costed on one core. Ours begins with the text in each
round, so that every stage is elaborated when the first network has it; timm builds the same stages from block strings
on the meta device and counts them with torch's flop counter. Latency is that of one image, predicted by a data
sheet (`a100`) and by a calibrated profile (`epyc_eager`), whose kernels are interpolated in tables.
"""
_LATENCY = """\
## Predicted latency

What [the cost model](latency.md) predicts, against the clock, on networks that calibration has not seen: their
resolution follows the `@`, their batch the `x` where it is not one. They are measured twice: in turns with calibration,
round by round, where the machine is the same for both and what is left is the error of the model; and once more after
it, where the machine has drifted. What counts is the lower quartile of runs.
"""
_THREADS = """\
### With two threads

The same with both cores of the virtual machine, which its host takes away at times.
"""
_AFTER = "after calibration"
_TRAINING = """\
Training steps of EfficientNet-B4, with Fused-MBConv in none, some and all of its stages, in images a second and as a
multiple of the first. EfficientNetV2's Table 3 has 155, 216 (1.39), 223 (1.44) and 206 (1.33) on a V100, 262, 362
(1.38), 327 (1.25) and 254 (0.97) on a TPU v3 core.
"""


def page() -> str:
    parts = [_INTRODUCTION, _PROCESS, _process(_results("estimate_process"))]
    parts += [_IN_PROCESS, _in_process(_results("estimate_in_process"))]
    check = _results("check_process")
    parts += [_CHECK, _check(check) if check else _NO_CHECK]
    parts += [_CANDIDATES, _candidates(_results("space_candidates"))]
    parts += _memory()
    parts += [_KEYSTROKE, _keystroke(_results("lsp_keystroke"))]
    latency = _results("latency")
    parts += [_LATENCY, _latency(latency)] if latency else []
    threads = _results("latency_2_threads")
    parts += [_THREADS, _latency(threads)] if threads else []
    parts += search_page.section(_results, _table, _requirement, _footnote)
    parts += training_page.section(_results, _table, _requirement, _footnote)
    parts += compile_page.section(_results, _table, _requirement, _footnote)
    parts.append(gpu_page.INTRODUCTION)
    for purpose, section in (("inference", gpu_page.inference), ("training", gpu_page.training)):
        found = _results(f"gpu_{purpose}")
        command = f"python -m benchmarks.gpu --for {purpose}"
        parts += (
            [section(found, _table), _footnote(found)] if found else [gpu_page.NOT_MEASURED.format(command=command)]
        )
    return "\n".join(parts)


def _results(name: str) -> Any:
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _process(results: Any) -> str:
    rows = [
        [_code(row), f"{row['median_ms']:,.0f} ms", _ratio(row), f"{row['macs']:,}" if row["macs"] else "", row["note"]]
        for row in results["rows"]
    ]
    table = _table(["process", "median", "ratio", "MACs it prints", ""], rows, "lrrrl")
    return f"{table}\n{_requirement(results)}\n{_footnote(results)}"


def _in_process(results: Any) -> str:
    rows = [[row["name"], f"{row['median_ms']:,.1f} ms", _ratio(row), str(row["rounds"])] for row in results["rows"]]
    table = _table(["in one process", "median", "ratio", "rounds"], rows, "lrrr")
    return f"{table}\n{_requirement(results)}\n{_footnote(results)}"


def _check(results: Any) -> str:
    rows = [[_code(row), f"{row['median_ms']:,.0f} ms", _ratio(row)] for row in results["rows"]]
    table = _table(["process", "median", "ratio"], rows, "lrr")
    return f"{table}\n{_requirement(results)}\n{_footnote(results)}"


def _candidates(results: Any) -> str:
    rows = [[row["name"], f"{row['per_second']:,.1f}", f"{row['ratio']:,.0f} x"] for row in results["rows"]]
    table = _table(["candidates", "a second", "time of one"], rows, "lrr")
    return f"{table}\n{_requirement(results)}\n{_footnote(results)}"


def _memory() -> list[str]:
    parts = [memory_page.INTRODUCTION]
    for name in ("memory", "memory_cuda"):
        if found := _results(name):
            parts += [memory_page.section(found, _table), _requirement(found), _footnote(found)]
    if found := _results("memory_generated"):
        parts += [memory_page.generated(found, _table), _requirement(found), _footnote(found)]
    if not _results("memory_cuda"):
        parts.append(memory_page.NOT_ON_GPU.format(command="python -m benchmarks.memory --on cuda"))
    return parts


def _keystroke(results: Any) -> str:
    rows = [[row["name"], f"{row['median_ms']:,.0f} ms", row["with_diagnostics"]] for row in results["rows"]]
    return (
        f"{_table(['typed', 'median', 'with diagnostics'], rows, 'lrr')}\n{_requirement(results)}\n{_footnote(results)}"
    )


def _latency(results: Any) -> str:
    parts = []
    pairs = [found for found in results["inference"] if found["when"] != _AFTER]
    for found in pairs:
        after = next(
            other
            for other in results["inference"]
            if other["when"] == _AFTER and all(other[key] == found[key] for key in ("backend", "where"))
        )
        rows = [
            [
                row["name"],
                f"{row['predicted_ms']:.2f} ms",
                *(text for one in (row, later) for text in (f"{one['measured_ms']:.2f} ms", _error(one))),
            ]
            for row, later in zip(found["rows"], after["rows"], strict=True)
        ]
        verdict = "met" if found["met"] else "**not met**"
        where = "ONNX Runtime, exported by torch" if found["backend"] == "onnxruntime" else "eager PyTorch"
        threads = f"{results['threads']} thread{'s' if results['threads'] > 1 else ''}"
        where = f"{where}, {threads}" if found["where"] == "cpu" else f"{where} on {found['where']}"
        facts = found["profile"]
        parts += [
            _table([where, "predicted", "measured in turns", "error", "measured after", "error"], rows, "lrrrrr"),
            "Required: a mean absolute error of at most 10 % and a rank correlation (Spearman) of at least 0.98. "
            f"Found, over {found['networks']} networks: {_found(found)}; {verdict}. "
            f"After calibration: {_found(after)}. Calibrated in {facts['seconds']:.0f} s: {facts['kernels']:,} kernels "
            f"of {facts['networks']} networks.\n",
        ]
    if results["training"]:
        header = ["device", "", "pixels", "batch", "none", "stages 1-3", "stages 1-5", "all"]
        rows = [
            [row["device"], row["how"], str(row["resolution"]), str(row["batch"]), *_speeds(row)]
            for row in results["training"]
        ]
        parts += [_TRAINING, _table(header, rows, "llrrrrrr")]
    return "\n".join([*parts, _footnote(results)])


def _error(row: Any) -> str:
    return f"{100 * row['error']:+.1f} %"


def _found(results: Any) -> str:
    return f"{results['mean_absolute_percentage_error']:.1f} % and {results['spearman']:.3f}"


def _speeds(row: Any) -> list[str]:
    pairs = zip(row["images_per_second"], row["speed"], strict=True)
    return [f"{rate:,.1f} ({speed:.2f})" for rate, speed in pairs]


def _code(row: Any) -> str:
    """What can be typed as it stands looks like it."""
    name: str = row["name"]
    return name if name.startswith("timm") else f"`{name}`"


def _ratio(row: Any) -> str:
    return f"{row['ratio']:.1f} x" if row["ratio"] >= 0.1 else f"{row['ratio']:.2f} x"


def _requirement(results: Any) -> str:
    requirement = results["requirement"]
    verdict = "met" if requirement["met"] else "**not met**"
    return f"Required: {requirement['text']}. Found: {requirement['found']}; {verdict}.\n"


def _footnote(results: Any) -> str:
    facts = results["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in facts["libraries"].items())
    return (
        f"Repeat with `{results['command']}`. Measured {facts['date']} at revision {facts['revision']}: "
        f"{facts['processor']}, {facts['cores']} cores, {facts['system']}, load {facts['load']} before; "
        f"Python {facts['python']}, {libraries}.\n"
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], alignment: str) -> str:
    rule = ["---" if side == "l" else "---:" for side in alignment]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [header, rule, *rows])


def main() -> None:
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
