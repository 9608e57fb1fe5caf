"""OpenVINO's own format, by its reader of `torch.export` programs; int8 by NNCF."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from archdsl.exporting.job import Job, Runner, Written


def write(job: Job, path: Path) -> Written:
    """Writes an .xml, with its weights in a .bin; what is known of the images is in its `rt_info`."""
    import openvino

    model = converted(job)
    if job.calibration is not None:
        model = _quantized(model, job)
    openvino.save_model(model, path, compress_to_fp16=False)
    return Written(lambda: opened(path), {})


def converted(job: Job) -> Any:
    """The network as a model of OpenVINO, with the names of its inputs and outputs."""
    import openvino

    model = openvino.convert_model(job.program())
    for read, name in zip(model.inputs, job.inputs, strict=True):
        read.get_tensor().set_names({name})
    for output, name in zip(model.outputs, job.subject.outputs, strict=True):
        output.get_tensor().set_names({name})
    model.set_rt_info(json.dumps(job.facts()), ["archdsl"])
    return model


def _quantized(model: Any, job: Job) -> Any:
    """The model in int8, by NNCF."""
    os.environ.setdefault("NNCF_DISABLE_TELEMETRY", "1")
    import nncf

    batches = [batch.numpy() for batch in job.batches]
    return nncf.quantize(model, nncf.Dataset(batches), subset_size=len(batches), preset=nncf.QuantizationPreset.MIXED)


def opened(path: Path) -> Runner:
    """OpenVINO with the file, in float32: by itself it computes in bfloat16 where a processor can."""
    import openvino

    model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(*images: Tensor) -> tuple[Tensor, ...]:
        found = model([one.numpy() for one in images])
        return tuple(torch.from_numpy(found[output].copy()) for output in model.outputs)

    return run
