"""A network made ready to run, in the process that times it: built, filled, exported or compiled."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from archdsl.api import Network
from archdsl.benchmarking.request import Request
from archdsl.benchmarking.targets import BY_NAME
from archdsl.compiling import compile_regions
from archdsl.exporting.folded import Folded, folded
from archdsl.exporting.outputs import as_tuple
from archdsl.externs import Externs, named
from archdsl.ir.architecture import Architecture

_CALIBRATION = 8  # images of an int8 that is timed; its accuracy is for `archdsl export`
_BY_OURS = ("compile_model", "regional")  # by functions of our own
_STEPS = 2  # after which the outputs of a training tell whether gradients were equal


class Prepared(NamedTuple):
    """`run` computes once, on CUDA without waiting for it; `outputs` are what the network put out first."""

    run: Callable[[], object]
    outputs: tuple[Tensor, ...]


class Timed(NamedTuple):
    """What is prepared, and what it took from the module to its first answer: exporting and compiling, no imports.

    `processor` are the seconds of the processor for it, compilers that it calls included.
    """

    prepared: Prepared
    seconds: float
    processor: float


def prepare(request: Request) -> Timed:
    """Raises whatever a library raises."""
    with Externs(**named(request.externs)):
        return _prepared(request)


def _prepared(request: Request) -> Timed:
    torch.set_num_threads(request.threads)
    network = Network(Architecture.from_json(request.architecture))
    module = _theirs(request.origin, network) if request.origin else network.build()
    module.load_state_dict(load_file(request.weights), strict=request.origin is None)
    images = load_file(request.images)["images"]
    began, worked = perf_counter(), _processor()
    if request.purpose == "training":
        prepared = _trained(request, network, module, images)
    elif BY_NAME[request.target].exported is not None:
        prepared = _exported(request, network, module, images)
    else:
        prepared = _run(request, network, module, images)
    return Timed(prepared, perf_counter() - began, _processor() - worked)


def _processor() -> float:
    """Seconds of the processor that this process and those that it waited for have taken."""
    return sum(os.times()[:4])


def _theirs(origin: str, network: Network) -> nn.Module:
    from archdsl.weights.peers import build_peer  # late: ours needs none of it

    return build_peer(origin, network.architecture)


def _run(request: Request, network: Network, module: nn.Module, images: Tensor) -> Prepared:
    module.eval()
    if request.target == "folded":
        module = folded(network, module).module
    module, images = _placed(request, module, images)
    module, images = module.to(_dtype(request)), images.to(_dtype(request))
    forward: Callable[[Tensor], Any] = _by_ours(network, module, request.target)
    if request.target == "compiled":
        forward = _compiled(module, request.device)

    def run() -> tuple[Tensor, ...]:
        with torch.inference_mode():
            return as_tuple(forward(images))

    return Prepared(run, tuple(one.float().cpu() for one in run()))


def _dtype(request: Request) -> torch.dtype:
    return torch.bfloat16 if request.dtype == "bf16" else torch.float32


def _compiled(module: nn.Module, device: str) -> Callable[[Tensor], Any]:
    import torch._inductor.config as inductor

    inductor.freezing = True
    compiled: Callable[[Tensor], Any] = torch.compile(module, mode="reduce-overhead" if device == "cuda" else "default")
    return compiled


def _by_ours(network: Network, module: nn.Module, target: str) -> nn.Module:
    """The module, compiled by the function of our file, or by regions, if it is to be."""
    if target == "compile_model":
        compiled: nn.Module = network.module.compile_model(module)
        return compiled
    return compile_regions(module) if target == "regional" else module


def _placed(request: Request, module: nn.Module, images: Tensor) -> tuple[nn.Module, Tensor]:
    module, images = module.to(request.device), images.to(request.device)
    if request.target in ("channels_last", "compiled", *_BY_OURS):
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        images = images.to(memory_format=torch.channels_last)
    return module, images


def _exported(request: Request, network: Network, module: nn.Module, images: Tensor) -> Prepared:
    """Written by the tool that `archdsl export` writes with, and run as that opens it. Ours is folded before; other
    libraries' modules their tools fold, as far as they do."""
    # Late: what only runs is ready seconds earlier.
    from archdsl.exporting.export import tool_of
    from archdsl.exporting.job import Job
    from archdsl.exporting.settings import Settings, facts_of
    from archdsl.exporting.subject import Subject, plain

    target = BY_NAME[request.target]
    assert target.exported is not None
    module.eval()
    made = folded(network, module) if request.origin is None else Folded(network, module, module.state_dict())
    subject = Subject(network, module, *made, tuple(network.architecture.outputs) or ("output",))
    settings = Settings(target.exported, len(images), tuple(images.shape[2:]), request.dtype, is_int8=target.is_int8)  # type: ignore[arg-type]
    job = Job(subject, plain(network, made.module, _dtype(request)).eval(), (images,), (), settings)
    if target.is_int8:
        shape = (_CALIBRATION, *images.shape[1:])
        job = replace(job, calibration=torch.randn(shape, generator=torch.Generator().manual_seed(2)))
    folder = tempfile.TemporaryDirectory(prefix="archdsl-bench-")
    facts = facts_of(target.exported)
    written = tool_of(facts)(job, Path(folder.name) / f"network{facts.suffix}")
    runner = written.runner()

    def run(kept: object = folder) -> tuple[Tensor, ...]:  # what is opened may read its file later
        return runner(images)

    return Prepared(run, run())


def _trained(request: Request, network: Network, module: nn.Module, images: Tensor) -> Prepared:
    """Steps of gradient descent with momentum, all else off: no dropout, no stochastic depth."""
    _without_chance(module)
    module, images = _placed(request, module.train(), images)
    update = torch.optim.SGD(module.parameters(), lr=1e-3, momentum=0.9)
    forward: Callable[[Tensor], Any] = _by_ours(network, module, request.target)
    if request.target == "compiled":
        forward = torch.compile(module)

    def run() -> tuple[Tensor, ...]:
        with torch.autocast(request.device, torch.bfloat16, enabled=request.dtype == "bf16"):
            found = as_tuple(forward(images))
            loss = _loss(found)
        loss.backward()  # type: ignore[no-untyped-call]
        update.step()
        update.zero_grad()
        return tuple(one.detach() for one in found)

    # The second step's outputs are those of weights that the first one's gradients have changed.
    return Prepared(run, tuple(one.float().cpu() for _ in range(_STEPS) for one in run()))


def _loss(outputs: tuple[Tensor, ...]) -> Tensor:
    """A classifier's cross entropy; of maps and of several outputs, which have no labels here, the mean square."""
    (first, *others) = outputs
    if others or first.dim() != 2:
        return torch.stack([one.float().square().mean() for one in outputs]).sum()
    labels = torch.arange(len(first), device=first.device) % first.shape[1]
    return nn.functional.cross_entropy(first.float(), labels)


def _without_chance(module: nn.Module) -> None:
    """Switches off dropout and stochastic depth, whatever a library calls them: its own kinds have rates of their own
    unless asked for others."""
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
        for rate in ("drop_prob", "rate", "p"):
            if type(part).__name__ in ("DropPath", "StochasticDepth") and hasattr(part, rate):
                setattr(part, rate, 0.0)
