"""OpenVINO's own format, by its reader of ONNX-free `torch.export` programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from archdsl.exporting.job import Job, Runner, Written


def write(job: Job, path: Path) -> Written:
    """Writes an .xml, with its weights in a .bin; what is known of the images is in its `rt_info`."""
    import openvino

    model = converted(job)
    openvino.save_model(model, path, compress_to_fp16=False)
    return Written(lambda: opened(path), {})


def converted(job: Job) -> Any:
    """The network as a model of OpenVINO, with the names of its outputs."""
    import openvino

    model = openvino.convert_model(job.program())
    model.inputs[0].get_tensor().set_names({"images"})
    for output, name in zip(model.outputs, job.subject.outputs, strict=True):
        output.get_tensor().set_names({name})
    model.set_rt_info(json.dumps(job.facts()), ["archdsl"])
    return model


def opened(path: Path) -> Runner:
    """OpenVINO with the file, in float32: by itself it computes in bfloat16 where a processor can."""
    import openvino

    model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(images: Tensor) -> tuple[Tensor, ...]:
        found = model(images.numpy())
        return tuple(torch.from_numpy(found[output].copy()) for output in model.outputs)

    return run
