"""The phases of a training with what each takes: steps, images, and by the cost model time and memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from archdsl.backends.latency import Latencies, Profile
from archdsl.backends.memory import Memory, Setting, largest_batch, memory
from archdsl.backends.memory.setting import DType, Optimizer
from archdsl.ir.architecture import Architecture
from archdsl.ir.errors import OF_SEVERAL_INPUTS, refuse_several_inputs
from archdsl.ir.recipe import Phase, Recipe
from archdsl.ir.recipe.optimizers import SGD, RMSProp


class PhasePlan(NamedTuple):
    """A phase: its learning rates in its first and last step, and the largest; its steps, and what one takes on one
    device. `is_fixres` is the one after the main training.

    `batch` is the images of a device in a step, in `parts` that go through one after another; `seconds` of a step and
    `largest`, the images that fit at once, are None without a device; `memory` is the predicted peak in bytes.
    """

    phase: Phase
    is_fixres: bool
    lr: tuple[float, float]
    peak_lr: float
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

    `fixed` is its predicted time in seconds with every phase of the main training at the resolution of the last one;
    None without a device or with a single such phase.
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
    refuse_several_inputs(network, "training", OF_SEVERAL_INPUTS)
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
    test = recipe.test_resolution or own
    phases = []
    for phase in recipe.all_phases(own, test):
        seconds, peak, largest = costs(phase.resolution)
        is_fixres = phase.first >= recipe.epochs
        lr = recipe.lr(phase.first, batch), recipe.lr(phase.last - 1 / steps_of_epoch, batch)
        peak_lr = _peak_lr(recipe, phase, batch, steps_of_epoch)
        steps = (phase.last - phase.first) * steps_of_epoch
        step = None if seconds is None else seconds * parts
        phases.append(PhasePlan(phase, is_fixres, lr, peak_lr, steps, share, parts, step, peak, largest))
    fixed = None
    main = [phase for phase in phases if not phase.is_fixres]
    if len(main) > 1 and (last := main[-1].seconds) is not None:
        fixed = last * sum(phase.steps for phase in main) + sum(each.time or 0.0 for each in phases[len(main) :])
    return Plan(recipe, network.name, images, batch, devices, dtype, device, budget, tuple(phases), test, fixed)


def _peak_lr(recipe: Recipe, phase: Phase, batch: int, steps_of_epoch: int) -> float:
    """The largest learning rate of a step of a phase: at its first step, or where the warm-up ends within it.

    Schedules rise in their warm-up alone, so that no other step can have it.
    """
    first, last = phase.first * steps_of_epoch, phase.last * steps_of_epoch - 1
    turn = int(recipe.schedule.warmup * steps_of_epoch)
    steps = (min(max(step, first), last) for step in (first, turn - 1, turn, turn + 1))
    return max(recipe.lr(step / steps_of_epoch, batch) for step in steps)


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
