"""The emitted EfficientNetV2-L on a GPU: are the outputs right when compiled and in bfloat16, and how fast is it?

Needs torch and `codegen/v2_l.py`, not archdsl; timm is timed too where it is installed. Without a GPU there is nothing
to do.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.measure import interleave, progress, row, seconds, write_results

# Of the largest logit, against eager float32 in NCHW without TF32.
TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 1e-1}


@dataclass(frozen=True)
class Runner:
    """Where and at what size everything runs."""

    device: torch.device
    batch: int
    resolution: int

    def images(self, dtype: torch.dtype) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        images = torch.randn(self.batch, 3, self.resolution, self.resolution, generator=generator)
        return images.to(self.device, dtype, memory_format=torch.channels_last)

    def output(self, model: nn.Module, dtype: torch.dtype = torch.float32) -> Tensor:
        with torch.inference_mode():
            found: Tensor = model(self.images(dtype)).float().clone()  # a CUDA graph reuses its output
            return found

    def timing(self, model: nn.Module, dtype: torch.dtype) -> Callable[[], float]:
        """A timing of ten batches; the model has run before."""
        images = self.images(dtype)

        def batches() -> None:
            with torch.inference_mode():
                for _ in range(10):
                    model(images)
            if self.device.type == "cuda":
                torch.cuda.synchronize()

        batches()
        return partial(seconds, batches)


def settle(model: nn.Module, runner: Runner) -> nn.Module:
    """Gives random weights the statistics of random images.

    Without them the logits of fresh weights reach 1e9, and a change of 1e-6 in the image changes all of the output.
    """
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        model.to(runner.device).train()(runner.images(torch.float32))
    return model.eval()


def channels_last(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    return model.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def check(emitted: Any, model: nn.Module, runner: Runner) -> list[dict[str, Any]]:
    """The error of each way to run the model."""
    expected = runner.output(model)
    rows = []
    for dtype, tolerance in TOLERANCE.items():
        eager = channels_last(copy.deepcopy(model), dtype)
        for way, made in {"eager": eager, "compiled": emitted.compile_model(copy.deepcopy(model), dtype=dtype)}.items():
            name = f"{way}, {str(dtype).removeprefix('torch.')}, channels last"
            progress(name)
            error = float((runner.output(made, dtype) - expected).abs().max() / expected.abs().max())
            rows.append({"name": name, "error": error, "tolerance": tolerance, "met": error <= tolerance})
    return rows


def throughput(emitted: Any, model: nn.Module, runner: Runner, rounds: int) -> list[dict[str, Any]]:
    """Inference in bfloat16, channels last: ours and timm's, eager and compiled in the same way."""
    dtype = torch.bfloat16
    sources = {"archdsl": model}
    if find_spec("timm"):
        from tests.peers.zoo import peer

        sources["timm"] = settle(peer("timm efficientnetv2_l", drop_path_rate=0.2), runner)
    timings = {}
    for name, source in sources.items():
        progress(f"{name}: compiling")
        eager = channels_last(copy.deepcopy(source), dtype)
        timings[f"{name}, eager"] = runner.timing(eager, dtype)
        timings[f"{name}, compiled"] = runner.timing(emitted.compile_model(source, dtype=dtype), dtype)
    taken = interleave(timings, rounds)
    return [
        row(name, times, taken["archdsl, compiled"], images_per_second=round(10 * runner.batch / median(times), 1))
        for name, times in taken.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda", help="where to run (default: cuda)")
    parser.add_argument("--batch", type=int, default=64, metavar="N", help="images at a time (default: 64)")
    parser.add_argument("--resolution", type=int, default=480, metavar="R", help="height and width (default: 480)")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="how often to time each (default: 7)")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device here; nothing to do")
        return

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(0)
    runner = Runner(torch.device(arguments.device), arguments.batch, arguments.resolution)
    emitted = import_module("codegen.v2_l")
    model = settle(emitted.efficientnetv2_l(), runner)

    checks = check(emitted, model, runner)
    print("error, of the largest logit")
    for entry in checks:
        verdict = "fine" if entry["met"] else "too much"
        print(f"  {entry['name']:40} {entry['error']:.1e}  at most {entry['tolerance']:.0e}: {verdict}")

    rows = throughput(emitted, model, runner, arguments.rounds)
    print("inference in bfloat16, channels last")
    for entry in rows:
        print(f"  {entry['name']:40} {entry['images_per_second']:8.1f} images/s  {entry['ratio']:.2f} x the time")

    if runner.device.type == "cuda":
        setting = {"device": torch.cuda.get_device_name(), "batch": runner.batch, "resolution": runner.resolution}
        write_results("run_on_gpu", {"setting": setting, "checks": checks, "rows": rows})
    if not all(entry["met"] for entry in checks):
        sys.exit(1)


if __name__ == "__main__":
    main()
