"""How much memory a network takes, at inference or in a step of training, without running it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from archdsl.backends.memory import optimizers
from archdsl.backends.memory.ledger import Holdings, Ledger
from archdsl.backends.memory.lifetimes import Lifetimes, lifetimes
from archdsl.backends.memory.recording import Part, record
from archdsl.backends.memory.setting import Setting
from archdsl.backends.memory.timeline import Timeline
from archdsl.ir.architecture import Architecture

# No batch is larger than this.
MAX_BATCH = 1_000_000
# What CUDA's caching allocator rounds up to.
_GRANULARITY = {"cpu": 1, "cuda": 512}
# PyTorch counts batches in 64 bits, whatever the type of the weights.
_COUNTER = 8


@dataclass(frozen=True)
class PeakMemory:
    """The moment at which most memory is held: when, at which operator, and the bytes by what they are for.

    `weights` has the buffers (running statistics) with them; `activations` has the gradients of activations;
    `workspace` is what the operator at work, or the optimizer, needs for itself.
    """

    phase: str
    path: str
    weights: int
    optimizer: int
    ema: int
    gradients: int
    images: int
    activations: int
    workspace: int

    @property
    def total(self) -> int:
        held = self.weights + self.optimizer + self.ema + self.gradients
        return held + self.images + self.activations + self.workspace


@dataclass(frozen=True)
class StageMemory:
    """A stage (the stem and the head among them): its weights, what it keeps for the way back, and the most that memory
    holds while one of its operators runs. All in bytes."""

    path: str
    weights: int
    kept: int
    peak: int


@dataclass(frozen=True)
class Memory:
    """What a network takes in a setting, in bytes.

    `kept` is what autograd keeps for the way back; the images, which whoever calls the network holds anyway, are not in
    it. It is 0 at inference, as are `gradients`, `optimizer` and `ema`.
    """

    setting: Setting
    weights: int
    buffers: int
    gradients: int
    optimizer: int
    ema: int
    images: int
    kept: int
    peak: PeakMemory
    stages: tuple[StageMemory, ...]


def memory(architecture: Architecture, setting: Setting | None = None) -> Memory:
    """The memory that a network takes."""
    return _Estimator(lifetimes(architecture), setting or Setting()).estimate()


def largest_batch(architecture: Architecture, setting: Setting, budget: int) -> int:
    """The most images at a time with which the peak is at most `budget` bytes; 0 when a single one is too many.

    `setting.batch` is of no account.
    """
    lives = lifetimes(architecture)

    def fits(batch: int) -> bool:
        return _Estimator(lives, replace(setting, batch=batch)).estimate().peak.total <= budget

    below, above = 0, 1
    while above <= MAX_BATCH and fits(above):
        below, above = above, 2 * above
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if fits(middle) else (below, middle)
    return below


class _Estimator:
    """One estimate, of a network whose operators and their lifetimes are known."""

    def __init__(self, lives: Lifetimes, setting: Setting):
        self.lives, self.setting = lives, setting
        self.weights, self.buffers, self.largest = _sizes(self.lives, setting)
        self.recording = record(self.lives, setting)

    def estimate(self) -> Memory:
        setting, recording = self.setting, self.recording
        images = recording.tape.sizes[recording.tape.images.storage]
        training = setting.training
        state = optimizers.state(setting, self.weights) if training else 0
        ema = self.weights + self.buffers if training and setting.ema else 0
        held = Holdings(self.weights + self.buffers, state, ema, images=images)
        sizes = list(recording.tape.sizes)
        sizes[recording.tape.images.storage] = 0  # held by the caller, and counted so
        ledger = Ledger(sizes, held, granularity=_GRANULARITY[setting.on])
        ledger.retain(recording.tape.images.storage)
        kept = self._train(ledger) if training else self._infer(ledger)
        return Memory(
            setting,
            self.weights,
            self.buffers,
            self.weights if training else 0,
            state,
            ema,
            images,
            kept,
            self._peak(ledger),
            tuple(self._stages(ledger)),
        )

    def _infer(self, ledger: Ledger) -> int:
        Timeline(self.recording, ledger).infer()
        return 0

    def _train(self, ledger: Ledger) -> int:
        recording, setting = self.recording, self.setting
        parts = {"none": [], "block": recording.layers, "stage": recording.stages}[setting.checkpoint]
        timeline = Timeline(recording, ledger, checkpointed=parts)
        timeline.forward()
        output = recording.output
        kept = ledger.now.activations
        # Cross-entropy keeps the logarithm of the softmax; its own gradient and then that of the logits are as large.
        ledger.phase, ledger.kernel = "loss", len(recording.tape.kernels)
        logarithm = ledger.new(output.size)
        ledger.release(output.storage)
        ledger.phase = "backward"
        first = ledger.new(output.size)
        gradient = ledger.new(output.size)
        ledger.release(first)
        ledger.release(logarithm)
        timeline.backward(gradient)
        ledger.phase = "optimizer"
        ledger.kernel = len(recording.tape.kernels)
        step = optimizers.step(setting, self.weights, self.largest)
        ledger.work(step)
        ledger.work(-step)
        return kept

    def _peak(self, ledger: Ledger) -> PeakMemory:
        visits, tape, peak = self.lives.visits, self.recording.tape, ledger.peak
        index = ledger.peak_kernel
        path = visits[tape.visits[index]].path if index < len(tape.visits) else "output"
        return PeakMemory(
            ledger.peak_phase,
            "" if ledger.peak_phase == "optimizer" else path,
            peak.weights,
            peak.optimizer,
            peak.ema,
            peak.gradients,
            peak.images,
            peak.activations,
            peak.workspace,
        )

    def _stages(self, ledger: Ledger) -> list[StageMemory]:
        setting, tape, visits = self.setting, self.recording.tape, self.lives.visits
        parts = {part.path: part for part in self.recording.stages}
        found: dict[str, StageMemory] = {}
        seen: set[int] = {tape.images.storage}
        weights: dict[str, int] = {}
        for visit in visits:
            if visit.levels:
                path = visit.levels[0].path
                weights[path] = weights.get(path, 0) + visit.params * setting.width
        kept = dict.fromkeys(weights, 0)
        peaks = dict.fromkeys(weights, 0)
        for index, kernel in enumerate(tape.kernels):
            path = visits[tape.visits[index]].levels[0].path
            peaks[path] = max(peaks[path], ledger.highest.get(index, 0))
            if setting.training:
                kept[path] += self._kept(kernel.keeps, kernel.statistics, seen, index, parts.get(path))
        for path in weights:
            found[path] = StageMemory(path, weights[path], kept[path], peaks[path])
        return list(found.values())

    def _kept(self, keeps: tuple[int, ...], statistics: int, seen: set[int], index: int, stage: Part | None) -> int:
        """The bytes that a kernel keeps and no one before it; of a checkpointed part, those that it reads."""
        tape, setting = self.recording.tape, self.setting
        parts = {"none": [], "block": self.recording.layers, "stage": self.recording.stages}[setting.checkpoint]
        part = next((part for part in parts if part.first <= index < part.last), None)
        if part is not None:
            keeps, statistics = ((part.source,) if index == part.first else ()), 0
        new = [storage for storage in keeps if storage not in seen]
        seen.update(new)
        return statistics + sum(tape.sizes[storage] for storage in new)


def _sizes(lives: Lifetimes, setting: Setting) -> tuple[int, int, int]:
    """The bytes of all weights, of all buffers, and of the largest tensor of weights."""
    weights = buffers = largest = 0
    for visit in lives.visits:
        if visit.primitive is None:
            continue
        learned = visit.params
        weights += learned * setting.width
        for name, dimensions in visit.primitive.state(*visit.shapes).items():
            if name == "num_batches_tracked":
                buffers += _COUNTER
            elif name.startswith("running_"):
                buffers += prod(dimensions) * setting.width
            else:
                largest = max(largest, prod(dimensions) * setting.width)
    return weights, buffers, largest
