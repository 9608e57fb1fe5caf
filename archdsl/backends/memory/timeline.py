"""A recorded network, run: what memory holds at every moment of inference and of a training step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

from archdsl.backends.memory.kernels import Gradient, Kernel, Parameters, Value
from archdsl.backends.memory.ledger import Ledger
from archdsl.backends.memory.recording import Recording, Segment

# How a gradient lies in memory: as its tensor does, with other channels between its own, or turned around.
Form = Literal["whole", "part", "turned"]


class Timeline:
    """The forward pass and, in training, the way back, kernel by kernel.

    `checkpointed` gives, by kernel, the part that it belongs to of those of which autograd keeps no more than what they
    read: on the way back each runs once more before its gradients are computed, as torch.utils.checkpoint does it
    (`use_reentrant=False`).
    """

    def __init__(self, recording: Recording, ledger: Ledger, *, checkpointed: Mapping[int, Segment] | None = None):
        self.recording, self.ledger = recording, ledger
        self.kernels = recording.tape.kernels
        self._part_of = checkpointed or {}
        self._dropped: dict[int, list[int]] = defaultdict(list)
        for storage, end in enumerate(recording.ends):
            # The caller holds the images, and then what comes out.
            if storage not in (recording.tape.images.storage, recording.output.storage):
                self._dropped[end].append(storage)
        self._remembered: set[int] = set()  # the kernels whose kept storages are held

    # Forward ---------------------------------------------------------------------------------------------------------

    def infer(self) -> None:
        """Run the network once, keeping nothing."""
        self.ledger.phase = "inference"
        for index in range(len(self.kernels)):
            self._run(index, remember=False)
            self._drop(index)

    def forward(self) -> None:
        """Run the network as training does."""
        self.ledger.phase = "forward"
        for index in range(len(self.kernels)):
            part = self._part_of.get(index)
            if part is not None and index == part.first:
                self.ledger.retain(part.source)
            self._run(index, remember=part is None)
            self._drop(index)

    def _run(self, index: int, *, remember: bool) -> None:
        kernel, ledger = self.kernels[index], self.ledger
        ledger.kernel = index
        for size in kernel.forward:
            ledger.work(size)
        ledger.retain(kernel.output.storage)
        ledger.keep(kernel.statistics)
        for size in kernel.after:
            ledger.work(size)
        if remember and kernel.output.needs_gradient:
            self._remembered.add(index)
            for storage in kernel.keeps:
                ledger.retain(storage)
        else:
            ledger.keep(-kernel.statistics)

    def _drop(self, index: int) -> None:
        """What Python holds no longer once a kernel has run."""
        for storage in self._dropped[index + 1]:
            self.ledger.release(storage)

    # Back ------------------------------------------------------------------------------------------------------------

    def backward(self, gradient: int) -> None:
        """The way back from the output, whose gradient is in a storage of the ledger.

        Autograd's engine takes the kernel that ran last of those whose gradient is complete, so the order is simply the
        reverse. A tensor that several kernels read has its gradients added up: in place if nobody else has the first.
        """
        ledger = self.ledger
        ledger.phase = "backward"
        pending: dict[int, tuple[int, Form]] = {self.recording.output.number: (gradient, "whole")}
        for index in reversed(range(len(self.kernels))):
            kernel = self.kernels[index]
            ledger.kernel = index
            found = pending.pop(kernel.output.number, None)
            if found is None:
                self._forget(index)
                continue
            if kernel.keeps or kernel.statistics:
                self._recompute(index)
            given, form = found
            copy = kernel.output.size if kernel.reads_whole and form != "whole" else 0
            ledger.work(copy)
            made = self._way_back(kernel)
            ledger.work(-copy)
            for value_index, flow in enumerate(kernel.flows):
                if flow in ("same", "part"):
                    ledger.retain(given)
                    made[value_index] = given
            ledger.release(given)
            self._forget(index)
            for value_index, storage in made.items():
                self._accumulate(pending, kernel.inputs[value_index], storage, _form(kernel, value_index, form))
            part = self._part_of.get(index)
            if part is not None and index == part.first:
                ledger.release(part.source)

    def _way_back(self, kernel: Kernel) -> dict[int, int]:
        """Run the way back of a kernel: the storages of its new gradients, by input."""
        made: dict[int, int] = {}
        for step in kernel.way_back:
            match step:
                case Gradient(of=index):
                    made[index] = self.ledger.new(kernel.inputs[index].size)
                case Parameters():
                    self.ledger.gradients(kernel.parameters)
                case size:
                    self.ledger.work(size)
        return made

    def _accumulate(self, pending: dict[int, tuple[int, Form]], value: Value, storage: int, form: Form) -> None:
        ledger = self.ledger
        if value.number not in pending:
            pending[value.number] = (storage, form)
            return
        first, first_form = pending[value.number]
        if first_form == "part" or ledger.references[first] > 1:
            total = ledger.new(value.size)
            ledger.release(first)
            pending[value.number] = (total, "turned" if first_form == "turned" else "whole")
        ledger.release(storage)

    def _forget(self, index: int) -> None:
        if index in self._remembered:
            self._remembered.discard(index)
            kernel = self.kernels[index]
            for storage in kernel.keeps:
                self.ledger.release(storage)
            self.ledger.keep(-kernel.statistics)

    def _recompute(self, index: int) -> None:
        """Run a checkpointed part again, up to the last kernel that keeps something, if that has not been done."""
        part = self._part_of.get(index)
        if part is None or index in self._remembered:
            return
        self.ledger.phase = "recomputation"
        held: set[int] = set()
        for again in range(part.first, index + 1):
            self._run(again, remember=True)
            held.add(self.kernels[again].output.storage)
            for storage in self._dropped[again + 1]:
                if storage in held:
                    held.discard(storage)
                    self.ledger.release(storage)
        for storage in held:
            self.ledger.release(storage)
        self.ledger.phase, self.ledger.kernel = "backward", index


def _form(kernel: Kernel, index: int, given: Form) -> Form:
    """How the gradient of an input lies in memory, where that of the output is given."""
    match kernel.flows[index]:
        case "part":
            return "part"
        case "same":
            return given
        case "turned":
            return "turned"
        case _:
            # What is computed number by number is laid out as what was given.
            is_pointwise = (
                not (kernel.reads_whole or kernel.parameters) and kernel.inputs[index].size == kernel.output.size
            )
            return "turned" if is_pointwise and given == "turned" else "whole"
