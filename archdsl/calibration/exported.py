"""Measures the kernels of a network that torch exported to ONNX and ONNX Runtime runs on the CPU.

ONNX Runtime's own profile tells the time of each node where it ran; a session without it tells that of the whole.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import onnxruntime
import torch
from torch import nn

from archdsl.api import Network
from archdsl.backends.latency.onnx_runtime import reported
from archdsl.calibration.sample import Measurements, Sample, Whole, typical

_KERNEL = "_kernel_time"
_ERRORS_ONLY = 3


def export(module: nn.Module, images: torch.Tensor, path: Path) -> None:
    """The module as an ONNX file, without what the exporter has to say on its way."""
    # The exporter speaks through all of these.
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            torch.onnx.export(module, (images,), path, dynamo=True, verbose=False)
        finally:
            logging.disable(logging.NOTSET)


def session(path: Path, threads: int, profile: Path | None = None) -> onnxruntime.InferenceSession:
    """A session on the CPU, with as many threads; with `profile`, one that writes what it does into that folder."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = _ERRORS_ONLY
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, str(profile / "profile")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class ExportedProbe:
    """A network that can be timed as a whole and node by node."""

    def __init__(self, network: Network, batch: int, threads: int):
        self._folder = TemporaryDirectory()
        folder = Path(self._folder.name)
        generator = torch.Generator().manual_seed(0)
        images = torch.randn(batch, *network.architecture.input, generator=generator)
        export(network.build().eval(), images, folder / "network.onnx")
        self._plain = session(folder / "network.onnx", threads)
        self._profiled = session(folder / "network.onnx", threads, folder)
        self._feed = {self._plain.get_inputs()[0].name: images.numpy()}
        self._wholes: list[float] = []

    def round(self) -> None:
        """Runs the network twice each way, of which the first is to warm up."""
        self._plain.run(None, self._feed)
        start = perf_counter()
        self._plain.run(None, self._feed)
        self._wholes.append(perf_counter() - start)
        for _ in range(2):
            self._profiled.run(None, self._feed)

    def measurements(self) -> Measurements:
        events = json.loads(Path(self._profiled.end_profiling()).read_text(encoding="utf-8"))
        nodes: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for event in events:
            if event.get("cat") == "Node" and event["name"].endswith(_KERNEL):
                nodes[event["name"]].append(event)
        # Every other run is one to warm up.
        seconds = {name: typical([event["dur"] for event in found[1::2]]) / 1e6 for name, found in nodes.items()}
        samples = []
        for name, found in nodes.items():
            of = found[0]["args"]
            inputs, outputs = _dimensions(of["input_type_shape"]), _dimensions(of["output_type_shape"])
            kernel = reported(of["op_name"], name, inputs, outputs[0]) if outputs else None
            if kernel is not None:
                samples.append(Sample(kernel, max(seconds[name], 5e-7)))
        whole = Whole(typical(self._wholes), sum(seconds.values()), len(seconds))
        self._folder.cleanup()
        return Measurements(tuple(samples), (whole,))


def _dimensions(tensors: list[dict[str, list[int]]]) -> list[list[int]]:
    return [dimensions for tensor in tensors for dimensions in tensor.values()]
