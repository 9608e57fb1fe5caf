"""One pass through a network as the calls that PyTorch makes of it, with the storage that each of them takes.

A `Kernel` is one such call: what it reads and puts out, what it needs for itself while it runs, what autograd keeps of
it for the way back, and what the way back then allocates. Storage is counted once however many views share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple


class Value(NamedTuple):
    """A tensor: its number, that of the storage that holds it, its bytes, whether a gradient flows back to it, and
    whether it lies in memory with its channels last, or in pieces, between channels of others, or even `scattered`, so
    that its rows are in pieces, too: to flatten that copies it."""

    number: int
    storage: int
    size: int
    needs_gradient: bool = True
    channels_last: bool = False
    in_pieces: bool = False
    scattered: bool = False


class Gradient(NamedTuple):
    """On the way back: here the gradient of an input is allocated, given by its number among the inputs."""

    of: int


class Parameters(NamedTuple):
    """On the way back: here the gradients of the parameters are allocated."""


# What happens to memory, in order: bytes that come (+) and go (-) again, and where what remains comes.
Steps = tuple[int | Gradient | Parameters, ...]

# How the gradient of an input comes about: in storage of its own, laid out as the input is or turned around; as the
# output's gradient, the same tensor or (behind a concatenation) a part of it; or not at all.
Flow = Literal["new", "turned", "same", "part", "none"]


class Kernel(NamedTuple):
    """One call. `forward` are the bytes that come and go before the output is there, `after` those that do thereafter.

    `keeps` are the storages that autograd needs on the way back, `statistics` the bytes that it needs besides and that
    the call has made for that. `parameters` are the bytes of the gradients of the parameters. One that `reads_whole`
    copies what is not a tensor in one piece: its inputs, and the gradient of its output, also where that is turned
    around.
    """

    inputs: tuple[Value, ...]
    output: Value
    flows: tuple[Flow, ...]
    keeps: tuple[int, ...] = ()
    statistics: int = 0
    parameters: int = 0
    forward: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    backward: Steps = ()
    reads_whole: bool = False

    @property
    def way_back(self) -> Steps:
        """What the way back allocates: what it needs for itself, the gradients, those of the parameters."""
        if self.backward:
            return self.backward
        return (*(Gradient(index) for index, flow in enumerate(self.flows) if flow in ("new", "turned")), Parameters())


class Tape:
    """Kernels in the order in which they run, and the sizes of the storages. `visit` says of which operator each is."""

    def __init__(self, images: int):
        self.sizes: list[int] = []
        self.kernels: list[Kernel] = []
        self.visits: list[int] = []
        self.fleeting: set[int] = set()
        self.visit = 0
        self.values = 0
        self.images = self._value(images, needs_gradient=False)

    def _value(self, size: int, needs_gradient: bool, channels_last: bool = False) -> Value:
        self.values += 1
        return Value(self.values, self.storage(size), size, needs_gradient, channels_last)

    def part_of_images(self, size: int) -> Value:
        """The images of one input: all are held as long as the network runs, as one storage."""
        if size == self.images.size:
            return self.images
        self.values += 1
        return self.images._replace(number=self.values, size=size)

    def storage(self, size: int) -> int:
        self.sizes.append(size)
        return len(self.sizes) - 1

    def call(
        self,
        inputs: Sequence[Value],
        size: int,
        *,
        flows: Sequence[Flow] = ("new",),
        keeps: Sequence[Value] = (),
        keeps_output: bool = False,
        statistics: int = 0,
        parameters: int = 0,
        forward: tuple[int, ...] = (),
        after: tuple[int, ...] = (),
        backward: Steps = (),
        reads_whole: bool = False,
        is_fleeting: bool = False,
        channels_last: bool | None = None,
    ) -> Value:
        """Add a kernel whose output takes `size` bytes. No gradient flows back to what needs none. Channels are last in
        the output if they are in its first input.

        An operator's own tensors go when it returns; one that is fleeting already when the next kernel has read it.
        """
        needs = parameters > 0 or any(value.needs_gradient for value in inputs)
        if channels_last is None:
            channels_last = bool(inputs) and inputs[0].channels_last
        output = self._value(size, needs, channels_last)
        flowing: list[Flow] = [
            flow if value.needs_gradient else "none" for value, flow in zip(inputs, flows, strict=True)
        ]
        if pieces := sum(value.size for value in inputs if value.in_pieces) if reads_whole else 0:
            forward, after = (pieces, *forward), (*after, -pieces)
            backward = (pieces, *backward, -pieces) if backward else ()
        kept = [value.storage for value in keeps] + ([output.storage] if keeps_output else [])
        backward = tuple(
            step for step in backward if not isinstance(step, Gradient) or flowing[step.of] in ("new", "turned")
        )
        kernel = Kernel(
            tuple(inputs),
            output,
            tuple(flowing),
            tuple(dict.fromkeys(kept)),
            statistics,
            parameters,
            forward,
            after,
            backward,
            reads_whole,
        )
        if is_fleeting:
            self.fleeting.add(output.storage)
        self.kernels.append(kernel)
        self.visits.append(self.visit)
        return output
