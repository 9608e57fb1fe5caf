"""Measures the kernels of a network that torch exported to ONNX and ONNX Runtime runs on the CPU.

ONNX Runtime's own profile has the time of each node where it ran; a session without it has that of the whole.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnxruntime
import torch
from torch import nn

from archdsl.api import Network
from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.latency.onnx_runtime import reported
from archdsl.calibration.clock import Run, Stopwatch
from archdsl.calibration.sample import Measurements, Sample, typical, whole
from archdsl.quiet import quiet

_KERNEL = "_kernel_time"
_ERRORS_ONLY = 3
# Runs of a new session in each round.
_WARM, _TIMED = 2, 3


def export(module: nn.Module, images: torch.Tensor, path: Path) -> None:
    """The module as an ONNX file, without the exporter's own messages."""
    with quiet():
        torch.onnx.export(module, (images,), path, dynamo=True, verbose=False)


def session(path: Path, threads: int, profile: Path | None = None) -> onnxruntime.InferenceSession:
    """A session on the CPU, with as many threads; with `profile`, one that writes what it does into that folder."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = _ERRORS_ONLY
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, str(profile / "profile")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class ExportedProbe:
    """A network that can be timed as a whole and node by node.

    There is one session at a time: the threads of another one, waiting busily for work, would take the cores from it.
    """

    is_on_cpu = True

    def __init__(self, network: Network, batch: int, threads: int):
        self._folder, self._threads = TemporaryDirectory(), threads
        generator = torch.Generator().manual_seed(0)
        images = torch.randn(batch, *network.architecture.input.sizes, generator=generator)
        self._path = Path(self._folder.name) / "network.onnx"
        export(network.build().eval(), images, self._path)
        self._images = images.numpy()
        self.runs: list[Run] = []
        self._kernels: dict[str, Kernel | None] = {}
        self._times: dict[str, list[float]] = defaultdict(list)

    def round(self) -> None:
        """Runs the network each way, the first runs to warm up."""
        plain = session(self._path, self._threads)
        feed = {plain.get_inputs()[0].name: self._images}
        for turn in range(_WARM + _TIMED):
            watch = Stopwatch()
            plain.run(None, feed)
            if turn >= _WARM:
                self.runs.append(watch.read())
        del plain
        profiled = session(self._path, self._threads, self._path.parent)
        for _ in range(_WARM + _TIMED):
            profiled.run(None, feed)
        file = Path(profiled.end_profiling())
        del profiled
        self._read(json.loads(file.read_text(encoding="utf-8")))
        file.unlink()

    def _read(self, events: list[dict[str, Any]]) -> None:
        nodes: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in events:
            if event.get("cat") == "Node" and event["name"].endswith(_KERNEL):
                nodes[event["name"]].append(event)
        for name, found in nodes.items():
            self._times[name] += [event["dur"] / 1e6 for event in found[_WARM:]]
            if name not in self._kernels:
                of = found[0]["args"]
                inputs, outputs = _dimensions(of["input_type_shape"]), _dimensions(of["output_type_shape"])
                self._kernels[name] = reported(of["op_name"], name, inputs, outputs[0]) if outputs else None

    def measurements(self) -> Measurements:
        seconds = {name: typical(taken) for name, taken in self._times.items()}
        samples = tuple(
            # The clock of the profile counts whole microseconds.
            Sample(kernel, max(seconds[name], 5e-7))
            for name, kernel in self._kernels.items()
            if kernel is not None
        )
        self._folder.cleanup()
        return Measurements(samples, (whole(self.runs, seconds.values()),))


def _dimensions(tensors: list[dict[str, list[int]]]) -> list[list[int]]:
    return [dimensions for tensor in tensors for dimensions in tensor.values()]
