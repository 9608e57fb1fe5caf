"""PyTorch source for inference, and its weights: no other program than torch, and none of archdsl."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.texts import function_name
from archdsl.built import module_of
from archdsl.exporting.job import Job, Runner, Written
from archdsl.exporting.subject import Subject, plain
from archdsl.extern_modules import constructors


def write(job: Job, path: Path) -> Written:
    """Writes a .py with the network, and a .safetensors with its weights and what is known of the images."""
    return _written(job, path, job.subject.inference.source, lambda: _opened(job, path))


def write_fused(job: Job, path: Path) -> Written:
    """Writes the same with `fuse_model` in the .py, which makes of the network what is run here."""
    network = job.subject.inference
    source = emit([network.architecture], Path(network.architecture.place.file).name, fuses=True)
    return _written(job, path, source, lambda: _fused(job, path))


def _written(job: Job, path: Path, source: str, runner: Callable[[], Runner]) -> Written:
    from safetensors.torch import save_file

    subject, dtype = job.subject, _dtype(job)
    path.write_text(source, encoding="utf-8")
    tensors = {
        key: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous()
        for key, tensor in subject.state.items()
    }
    save_file(tensors, path.with_suffix(".safetensors"), metadata={"format": "pt", "archdsl": json.dumps(job.facts())})
    given = [f"num_classes={len(subject.classes)}"] if subject.classes else []
    given += [f"{argument}=..." for argument in constructors(subject.inference.architecture)]
    said = f"{function_name(subject.name)}({', '.join(given)})"
    return Written(runner, {"function": said})


def _opened(job: Job, path: Path) -> Runner:
    _, network = _loaded(job, path)
    return _runner(job.subject, network, _dtype(job))


def _fused(job: Job, path: Path) -> Runner:
    made, network = _loaded(job, path)
    dtype = _dtype(job)
    return _runner(job.subject, made.fuse_model(network, job.images[0].to(dtype)), dtype)


def _loaded(job: Job, path: Path) -> tuple[ModuleType, nn.Module]:
    """What is in a file, and the network with its weights."""
    from safetensors.torch import load_file

    subject = job.subject
    made = module_of(path.read_text(encoding="utf-8"), subject.name)
    options: dict[str, Any] = dict(constructors(subject.inference.architecture))
    options |= {"num_classes": len(subject.classes)} if subject.classes else {}
    network: nn.Module = getattr(made, function_name(subject.name))(**options)
    network.to(_dtype(job)).load_state_dict(load_file(path.with_suffix(".safetensors")))
    return made, network.eval()


def _runner(subject: Subject, network: nn.Module, dtype: torch.dtype) -> Runner:
    module = plain(subject.network, network, dtype)

    @torch.no_grad()
    def run(*images: Tensor) -> tuple[Tensor, ...]:
        found: tuple[Tensor, ...] = module(*images)
        return found

    return run


def _dtype(job: Job) -> torch.dtype:
    return torch.bfloat16 if job.settings.dtype == "bf16" else torch.float32
