"""How much memory a network takes, at inference or in a step of training, without running it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from archdsl.backends.memory import optimizers
from archdsl.backends.memory.ledger import Holdings, Ledger
from archdsl.backends.memory.lifetimes import Lifetimes, lifetimes
from archdsl.backends.memory.recording import record
from archdsl.backends.memory.setting import Setting
from archdsl.backends.memory.stages import StageMemory, by_stage
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
    return Estimator(lifetimes(architecture), setting or Setting()).estimate()


def largest_batch(architecture: Architecture, setting: Setting, budget: int) -> int:
    """The most images at a time with which the peak is at most `budget` bytes; 0 when a single one is too many.

    `setting.batch` is of no account.
    """
    lives = lifetimes(architecture)

    def fits(batch: int) -> bool:
        return Estimator(lives, replace(setting, batch=batch)).estimate().peak.total <= budget

    below, above = 0, 1
    while above <= MAX_BATCH and fits(above):
        below, above = above, 2 * above
    while above - below > 1:
        middle = (below + above) // 2
        below, above = (middle, above) if fits(middle) else (below, middle)
    return below


class Estimator:
    """One estimate, of a network whose operators and their lifetimes are known."""

    def __init__(self, lives: Lifetimes, setting: Setting):
        self.lives, self.setting = lives, setting
        self.weights, self.buffers, self.largest = _sizes(self.lives, setting)
        self.recording = record(self.lives, setting)

    def estimate(self) -> Memory:
        setting, training = self.setting, self.setting.training
        ledger = self.ledger()
        held = ledger.now
        state, ema = held.optimizer, held.ema
        kept = self.run(ledger)
        return Memory(
            setting,
            self.weights,
            self.buffers,
            self.weights if training else 0,
            state,
            ema,
            held.images,
            kept,
            self._peak(ledger),
            tuple(by_stage(self.lives, self.recording, ledger, setting)),
        )

    def ledger(self) -> Ledger:
        """What is held before anything runs."""
        setting, tape = self.setting, self.recording.tape
        held = Holdings(self.weights + self.buffers, images=tape.images.size)
        if setting.training:
            held.optimizer = optimizers.state(setting, self.weights)
            held.ema = held.weights if setting.ema else 0
        sizes = list(tape.sizes)
        sizes[tape.images.storage] = 0  # the caller's, and counted so
        ledger = Ledger(sizes, held, granularity=_GRANULARITY[setting.on])
        ledger.retain(tape.images.storage)
        return ledger

    def run(self, ledger: Ledger) -> int:
        """Run inference or a step of training: the bytes that are kept for the way back."""
        if self.setting.training:
            return self._train(ledger)
        Timeline(self.recording, ledger).infer()
        return 0

    def _train(self, ledger: Ledger) -> int:
        recording, setting = self.recording, self.setting
        timeline = Timeline(recording, ledger, checkpointed=recording.checkpointed(setting.checkpoint))
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


def _sizes(lives: Lifetimes, setting: Setting) -> tuple[int, int, int]:
    """The bytes of all weights, of all buffers, and of the largest tensor of weights."""
    weights = buffers = largest = 0
    for visit in lives.visits:
        if visit.primitive is None or visit.is_again:
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
