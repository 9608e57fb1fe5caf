"""ONNX by torch's exporter, checked by `onnx.checker` and run by ONNX Runtime."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor

from archdsl.exporting.job import IMAGES, Job, Runner, Written


def write(job: Job, path: Path) -> Written:
    """Writes an .onnx with its weights inside; what is known of the images is its metadata."""
    torch.onnx.export(
        job.program(),
        f=path,
        dynamo=True,
        verbose=False,
        external_data=False,
        input_names=list(job.inputs),
        output_names=list(job.subject.outputs),
    )
    if job.calibration is not None:
        _quantize(job, path)
    model = onnx.load(path)
    _name_axes(model, job.axes)
    facts = job.facts()
    onnx.helper.set_model_props(model, {"archdsl": json.dumps(facts)})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return Written(lambda: opened(path), {"opset": str(opset(model))})


def opset(model: Any) -> int:
    """The version of ONNX's own operators."""
    return next(int(one.version) for one in model.opset_import if one.domain in ("", "ai.onnx"))


def opened(path: Path) -> Runner:
    """ONNX Runtime with the file, on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    names = [one.name for one in session.get_inputs()]

    def run(*images: Tensor) -> tuple[Tensor, ...]:
        given = {name: one.numpy() for name, one in zip(names, images, strict=True)}
        return tuple(torch.from_numpy(found) for found in session.run(None, given))

    return run


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands batches to the calibration one by one."""

    def __init__(self, batches: Iterable[Tensor]):
        self.rest = iter(batches)

    def get_next(self) -> dict[str, Any] | None:
        batch = next(self.rest, None)
        return None if batch is None else {IMAGES: batch.numpy()}


def _quantize(job: Job, path: Path) -> None:
    """A file in float32 as one in int8: quantized and dequantized around each layer, weights by channel."""
    prepared, made = path.with_suffix(".prepared.onnx"), path.with_suffix(".int8.onnx")
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    quantize_static(str(prepared), str(made), _Reader(job.batches), quant_format=QuantFormat.QDQ, per_channel=True)
    os.replace(made, path)


def _name_axes(model: Any, axes: dict[int, str]) -> None:
    """The symbols of the exporter by the names of axes: `batch`, `height`, `width`."""
    sizes = [one.type.tensor_type.shape.dim for one in model.graph.input]
    names = {dims[axis].dim_param: name for dims in sizes for axis, name in axes.items() if dims[axis].dim_param}
    if not names:
        return
    symbols = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_param = symbols.sub(lambda found: names[found[1]], size.dim_param)
