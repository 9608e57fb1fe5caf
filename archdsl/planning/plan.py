"""The phases of a training with what each takes: steps, images, and by the cost model time and memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from archdsl.backends.latency import Latencies, Profile
from archdsl.backends.memory import Memory, Setting, largest_batch, memory
from archdsl.backends.memory.setting import DType, Optimizer
from archdsl.ir.architecture import Architecture
from archdsl.ir.recipe import Phase, Recipe
from archdsl.ir.recipe.optimizers import SGD, RMSProp


class PhasePlan(NamedTuple):
    """A phase: its learning rates at its ends, its steps, and what one takes on one device.

    `batch` is the images of a device in a step, in `parts` that go through one after another; `seconds` of a step and
    `largest`, the images that fit at once, are None without a device; `memory` is the predicted peak in bytes.
    """

    phase: Phase
    lr: tuple[float, float]
    steps: int
    batch: int
    parts: int
    seconds: float | None
    memory: int
    largest: int | None

    @property
    def time(self) -> float | None:
        """Of the whole phase, in seconds."""
        return None if self.seconds is None else self.steps * self.seconds


class Plan(NamedTuple):
    """A training in phases.

    `fixed` is its predicted time in seconds with every phase at the resolution of the last; None without a device or
    with a single phase.
    """

    recipe: Recipe
    network: str
    images: int
    batch: int
    devices: int
    dtype: DType
    device: Profile | None
    budget: int | None
    phases: tuple[PhasePlan, ...]
    test_resolution: int
    fixed: float | None

    @property
    def time(self) -> float | None:
        """Of the training, in seconds."""
        times = [phase.time for phase in self.phases]
        return None if None in times else sum(time for time in times if time is not None)

    @property
    def steps(self) -> int:
        return sum(phase.steps for phase in self.phases)


def plan(
    recipe: Recipe,
    network: Architecture,
    at: Callable[[int], Architecture],
    *,
    images: int,
    batch: int | None = None,
    devices: int = 1,
    parts: int | None = None,
    device: Profile | None = None,
    budget: int | None = None,
) -> Plan:
    """What a training takes.

    Args:
        network: at its own input; `at` gives it at other resolutions.
        images: of the training data.
        batch: images of a step over all devices; the recipe's where none is given.
        devices: how many share a step.
        parts: in which a device's share goes through the network; the recipe's where none is given.
        device: the profile of each, for times.
        budget: bytes of memory of each, to say which batch fits.
    """
    batch, parts = batch or recipe.batch, parts or recipe.accumulate
    dtype = _dtype(recipe, device)
    own = min(network.input.sizes[1:])
    share = max(1, batch // devices)
    known: dict[int, tuple[float | None, int, int | None]] = {}

    def costs(resolution: int) -> tuple[float | None, int, int | None]:
        if resolution not in known:
            known[resolution] = _costs(at(resolution), recipe, max(1, share // parts), dtype, device, budget)
        return known[resolution]

    steps_of_epoch = max(1, images // batch)
    phases = []
    for phase in recipe.phases(own):
        seconds, peak, largest = costs(phase.resolution)
        lr = recipe.lr(phase.first, batch), recipe.lr(phase.last - 1 / steps_of_epoch, batch)
        steps = (phase.last - phase.first) * steps_of_epoch
        step = None if seconds is None else seconds * parts
        phases.append(PhasePlan(phase, lr, steps, share, parts, step, peak, largest))
    fixed = None
    if len(phases) > 1 and (last := phases[-1].seconds) is not None:
        fixed = last * sum(phase.steps for phase in phases)
    test = recipe.test_resolution or own
    return Plan(recipe, network.name, images, batch, devices, dtype, device, budget, tuple(phases), test, fixed)


def _costs(
    architecture: Architecture, recipe: Recipe, batch: int, dtype: DType, device: Profile | None, budget: int | None
) -> tuple[float | None, int, int | None]:
    """Seconds of a step on `batch` images, the peak of its memory, and the largest batch within the budget."""
    seconds = None
    if device is not None:
        given = dtype if dtype in device.dtypes else None
        seconds = Latencies(architecture, device, batch=batch, training=True, dtype=given).model().seconds
    on = device.on if device is not None else "cpu"
    setting = Setting(batch, training=True, optimizer=_optimizer(recipe), ema=recipe.ema is not None, on=on)
    peak = _peak(architecture, setting, dtype)
    if budget is None:
        return seconds, peak, None
    most = largest_batch(architecture, replace(setting, dtype=dtype), budget)
    # Weights and their like are float32 whatever the activations are: fewer images fit than in `dtype` alone.
    while most and (needed := _peak(architecture, replace(setting, batch=most), dtype)) > budget:
        most = min(most - 1, most * budget // needed)
    return seconds, peak, most


def _peak(architecture: Architecture, setting: Setting, dtype: DType) -> int:
    """The peak of a step under automatic mixed precision, whose weights and optimizer stay in float32.

    What is computed, images and activations, is in `dtype`, and each weight has a copy in it for the forward and
    backward pass.
    """
    found: Memory = memory(architecture, replace(setting, dtype=dtype))
    if dtype == "float32":
        return found.peak.total
    peak = found.peak
    state = peak.weights + peak.optimizer + peak.ema + peak.gradients
    return 2 * state + found.weights + peak.images + peak.activations + peak.workspace


def _optimizer(recipe: Recipe) -> Optimizer:
    match recipe.optimizer:
        case SGD(momentum=momentum):
            return "momentum" if momentum else "sgd"
        case RMSProp(momentum=momentum):
            return "rmsprop_momentum" if momentum else "rmsprop"
        case _:
            return "adam"


def _dtype(recipe: Recipe, device: Profile | None) -> DType:
    if recipe.precision != "auto":
        return recipe.precision
    return "bfloat16" if device is not None and device.on == "cuda" and "bfloat16" in device.dtypes else "float32"
