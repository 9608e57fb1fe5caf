"""PyTorch source for inference, and its weights: no other program than torch, and none of archdsl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from archdsl.backends.pytorch.texts import function_name
from archdsl.built import module_of
from archdsl.exporting.job import Job, Runner, Written
from archdsl.exporting.subject import Plain
from archdsl.extern_modules import constructors


def write(job: Job, path: Path) -> Written:
    """Writes a .py with the network, and a .safetensors with its weights and what is known of the images."""
    from safetensors.torch import save_file

    subject, dtype = job.subject, _dtype(job)
    path.write_text(subject.inference.source, encoding="utf-8")
    tensors = {
        key: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous()
        for key, tensor in subject.state.items()
    }
    save_file(tensors, path.with_suffix(".safetensors"), metadata={"format": "pt", "archdsl": json.dumps(job.facts())})
    given = [f"num_classes={len(subject.classes)}"] if subject.classes else []
    given += [f"{argument}=..." for argument in constructors(subject.inference.architecture)]
    said = f"{function_name(subject.name)}({', '.join(given)})"
    return Written(lambda: _opened(job, path), {"function": said})


def _opened(job: Job, path: Path) -> Runner:
    from safetensors.torch import load_file

    subject, dtype = job.subject, _dtype(job)
    made = module_of(path.read_text(encoding="utf-8"), subject.name)
    options: dict[str, Any] = dict(constructors(subject.inference.architecture))
    options |= {"num_classes": len(subject.classes)} if subject.classes else {}
    network = getattr(made, function_name(subject.name))(**options)
    network.to(dtype).load_state_dict(load_file(path.with_suffix(".safetensors")))
    module = Plain(network.eval(), dtype)

    @torch.no_grad()
    def run(images: Tensor) -> tuple[Tensor, ...]:
        found: tuple[Tensor, ...] = module(images)
        return found

    return run


def _dtype(job: Job) -> torch.dtype:
    return torch.bfloat16 if job.settings.dtype == "bf16" else torch.float32
