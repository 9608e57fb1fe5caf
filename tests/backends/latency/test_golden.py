"""The kernels that each operator becomes, with their work, and the times of networks, to six digits.

`python -m benchmarks.latency` holds them to the clock; a change of any number is seen here, to be measured again.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import archdsl
from archdsl.backends.estimate import Level, estimate
from archdsl.backends.estimate_text import as_csv, as_document, document_text
from archdsl.backends.latency import Latencies, eager, onnx_runtime, profile, training
from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.latency.report import add_to_document, add_to_rows, as_table, timed
from archdsl.ir.architecture import Architecture
from archdsl.ir.walk import Visit, walk
from tests.golden import assert_golden
from tests.samples import networks

GOLDEN = Path(__file__).parent / "golden"
NAMES = ["mobilenetv2_100", "efficientnet_b0", "resnet_50", "shufflenet_g3", "nfnet_f0", "resattnet_56"]

# From data sheets and measured, of each backend.
DEVICES = ["a100", "phone", "epyc_eager", "epyc_onnxruntime"]


@cache
def visits() -> dict[str, list[Visit]]:
    return {text: walk(architecture) for text, architecture in networks().items()}


@pytest.mark.parametrize("backend", ["eager", "training", "plain", "blocked"])
def test_kernels_of_each_operator(backend: str, pytestconfig: pytest.Config) -> None:
    lines = []
    for text, several in visits().items():
        layout = ""
        if backend == "eager":
            lowered = [eager.kernels(visit, 3) for visit in several]
        elif backend == "training":
            lowered = [training.kernels(visit, 3) for visit in several]
        else:
            # What comes after the first convolution, when it has made its map blocked.
            after = several if backend == "plain" else several[1:]
            lowered, layout = onnx_runtime.lower(after, 3, "plain" if backend == "plain" else "blocked")
        lines.append(f"{text}: {layout}")
        lines += [f"  {_text(kernel)}" for kernels in lowered for kernel in kernels]
    assert_golden("\n".join(lines) + "\n", GOLDEN / f"kernels_{backend}.txt", pytestconfig)


def _text(kernel: Kernel) -> str:
    work = f"{kernel.operations} operations, {kernel.traffic(4)} bytes, {kernel.weights} weights"
    return f"{kernel.kind} ({kernel.family}) {kernel.input} -> {kernel.output}: {work}"


@pytest.mark.parametrize("device", DEVICES)
def test_times_of_networks(device: str, pytestconfig: pytest.Config) -> None:
    found = profile(device)
    text = []
    for trains in [False, True] if found.backend == "eager" else [False]:
        architectures: list[Architecture] = [archdsl.find(name).architecture for name in NAMES]
        made = [
            timed(estimate(each, batch=4, level="stage"), Latencies(each, found, batch=4, training=trains))
            for each in architectures
        ]
        text.append(as_table(made, "model", explain=True))
        text.append(add_to_rows(as_csv([one.estimate for one in made], "model"), made, "model"))
        text.append(as_table(made[:2], "stage", explain=True))
        text.append(as_table(made[:1], "stage"))
        text.append(add_to_rows(as_csv([made[0].estimate], "stage"), made[:1], "stage"))
    assert_golden("\n\n".join(text), GOLDEN / f"{device}.txt", pytestconfig)


def test_parts_of_a_network(pytestconfig: pytest.Config) -> None:
    """A network with a stage, by block and by operator, as a table and for programs."""
    text = "block both(channels) {\n  x = in -> conv(channels)\n  out = x + (x * (x -> global_avg_pool))\n}\n"
    table = "stages {\n    | op | channels | layers |\n    | both | 8 | 3 |\n  }\n"
    ends = "  stem = conv(16, kernel = 3) -> relu\n  head = global_avg_pool -> linear(classes)\n"
    network = archdsl.loads(f"{text}model m {{\n  input = 3 x 37 x 29\n  classes = 10\n{ends}  {table}}}\n")
    latencies = Latencies(network.architecture, profile("a100"), batch=4, training=True)
    found = []
    levels: list[Level] = ["block", "operator"]
    for level in levels:
        made = timed(estimate(network.architecture, batch=4, level=level), latencies)
        found += [as_table([made], level), as_table([made], level, explain=True)]
        found.append(add_to_rows(as_csv([made.estimate], level), [made], level))
        document = as_document([made.estimate])
        add_to_document(document, [made])
        found.append(document_text(document))
    assert_golden("\n\n".join(found), GOLDEN / "parts.txt", pytestconfig)
