"""Times whole networks in eager PyTorch: inference or training steps, several networks in turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import torch

from archdsl.api import Network
from archdsl.calibration.errors import NoCuda

# Prepares, and returns what runs.
Prepared = Callable[[], Callable[[], object]]
# Types of number that a network can run in: these, and float32.
_HALVES = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def require_cuda(alternative: str) -> None:
    """Raises DiagnosticError where nothing can be measured on CUDA; `alternative` says what to do then."""
    if not torch.cuda.is_available():
        raise NoCuda(alternative).error()


def settle(network: Network) -> torch.nn.Module:
    """The network with the statistics of random images in its batch norms, so that no value is extreme."""
    module = network.build()
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = None
    with torch.no_grad():
        module.train()(_images(network, 2, seed=1))
    return module.eval()


def forward_pass(network: Network, batch: int, device: str = "cpu", dtype: str = "float32") -> Prepared:
    """A run of the network on random images; in half precision where `dtype` says so, as `autocast` has it."""
    module, images = settle(network).to(device), _images(network, batch).to(device)

    def run() -> None:
        with torch.inference_mode(), _precision(device, dtype):
            module(images)
        _wait(device)

    return lambda: run


def training_step(network: Network, batch: int, device: str = "cpu", dtype: str = "float32") -> Prepared:
    """A training step: forward, backward, gradient descent with momentum."""
    module = network.build().train().to(device)
    images = _images(network, batch).to(device)
    labels = torch.zeros(batch, dtype=torch.long, device=device)
    update = torch.optim.SGD(module.parameters(), lr=1e-4, momentum=0.9)

    def step() -> None:
        with _precision(device, dtype):
            loss = torch.nn.functional.cross_entropy(module(images), labels)
        torch.autograd.backward(loss)
        update.step()
        update.zero_grad()
        _wait(device)

    return lambda: step


def measure(prepared: Sequence[Prepared], rounds: int, progress: Callable[[str], None]) -> list[list[float]]:
    """Seconds of each run, taken in turns.

    As in calibration the lower quartile counts: what else the machine does can only make a run longer.
    """
    taken: list[list[float]] = [[] for _ in prepared]
    for turn in range(rounds):
        for times, seconds in zip(taken, one_round(prepared, progress, f"round {turn + 1} of {rounds}"), strict=True):
            times.append(seconds)
    progress("")
    return taken


def one_round(prepared: Sequence[Prepared], progress: Callable[[str], None], which: str) -> list[float]:
    """Seconds of each run, once; before each, runs that are not timed warm its caches."""
    taken = []
    for index, prepare in enumerate(prepared):
        progress(f"{which}: network {index + 1} of {len(prepared)}")
        run = prepare()
        run()
        run()
        start = perf_counter()
        run()
        taken.append(perf_counter() - start)
    return taken


def _images(network: Network, batch: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(batch, *network.architecture.input.sizes, generator=torch.Generator().manual_seed(seed))


def _precision(device: str, dtype: str) -> Any:
    return torch.autocast(device, enabled=dtype in _HALVES, dtype=_HALVES.get(dtype))


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()
