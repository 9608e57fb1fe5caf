"""How long a network and each of its parts takes on a device.

A block instance is costed once however often it repeats, and a kernel once however many blocks have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archdsl.backends.latency import eager, onnx_runtime, training
from archdsl.backends.latency.errors import NotBatch, ProfileDoesNotTrain, TypeNotInProfile
from archdsl.backends.latency.kernel import Kernel, Layout
from archdsl.backends.latency.profile import BYTES, Profile
from archdsl.backends.latency.roofline import Time, total
from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Apply, BlockInstance
from archdsl.ir.description import Section, Stage
from archdsl.ir.walk import PartTracer, Tensor, Visit


class PartTime(NamedTuple):
    """A part of the network by its path in the built module, and its time."""

    path: str
    time: Time


class Fragment(NamedTuple):
    """A layer or a section, costed: its operators by their path within it, and the layout that it hands on."""

    time: Time
    operators: tuple[PartTime, ...]
    layout: Layout


class PartLatencies:
    """The times of parts that are made of the given blocks, on one device, for a batch of images.

    `name` is whose parts they are. With `training` they are those of a training step.
    """

    def __init__(
        self,
        name: str,
        blocks: Mapping[str, BlockInstance],
        profile: Profile,
        *,
        batch: int = 1,
        training: bool = False,
        dtype: str | None = None,
        prefix: str = "",
    ):
        self.name, self._blocks, self._prefix = name, blocks, prefix
        self.profile, self.batch, self.training = profile, batch, training
        self.dtype = dtype or profile.dtype
        _check(profile, self.dtype, batch, training)
        self._layers: dict[tuple[str, Layout], Fragment] = {}

    def section(self, section: Section, layout: Layout = "plain") -> Fragment:
        """The stem or the head."""
        tracer = PartTracer(self.name, self._blocks, self._prefix)
        tracer.section(section, Tensor("", section.input))
        return self._fragment(tracer.visits, layout)

    def stage(self, stage: Stage, layout: Layout = "plain") -> list[Fragment]:
        """The layers of a stage; each hands its layout on to the next."""
        fragments = []
        for layer in stage.layers:
            fragments.append(self.layer(layer.apply, layout))
            layout = fragments[-1].layout
        return fragments

    def layer(self, apply: Apply, layout: Layout = "plain") -> Fragment:
        """One layer of a stage; a block instance that came before in this layout is not costed again.

        Paths of operators are relative to the layer.
        """
        if apply.block is None:
            tracer = PartTracer(self.name, self._blocks)
            assert apply.operator is not None
            tracer.note("", apply.operator.kind, (Tensor("in", apply.input),), apply.output, apply.operator)
            return self._fragment(tracer.visits, layout)
        found = self._layers.get((apply.block, layout))
        if found is None:
            tracer = PartTracer(self.name, self._blocks)
            tracer.block(apply.block, Tensor("in", apply.input), "")
            found = self._layers[apply.block, layout] = self._fragment(tracer.visits, layout)
        return found

    def update(self, params: int) -> Time:
        """The optimizer's part of a training step, for so many parameters."""
        return self.profile.time(training.optimizer(params), self.dtype)

    def _fragment(self, visits: list[Visit], layout: Layout) -> Fragment:
        lowered: list[tuple[Kernel, ...]]
        if self.training:
            lowered = [training.kernels(visit, self.batch) for visit in visits]
        elif self.profile.backend == "onnxruntime":
            lowered, layout = onnx_runtime.lower(visits, self.batch, layout)
        else:
            lowered = [eager.kernels(visit, self.batch) for visit in visits]
        times = [total(self.profile.time(kernel, self.dtype) for kernel in kernels) for kernels in lowered]
        parts = tuple(PartTime(visit.path, time) for visit, time in zip(visits, times, strict=True))
        return Fragment(total(times), parts, layout)


class Latencies(PartLatencies):
    """The times of one architecture on one device, for a batch of images; with `training`, of a training step."""

    def __init__(
        self,
        architecture: Architecture,
        profile: Profile,
        *,
        batch: int = 1,
        training: bool = False,
        dtype: str | None = None,
    ):
        prefix = architecture.prefix
        super().__init__(
            architecture.name,
            architecture.blocks,
            profile,
            batch=batch,
            training=training,
            dtype=dtype,
            prefix=prefix,
        )
        self.architecture = architecture

    def model(self) -> Time:
        return total(time for _, time in self.stages())

    def stages(self) -> list[PartTime]:
        """The stem, the stages and the head; of a training step the optimizer too."""
        parts = [PartTime(path, total(fragment.time for _, fragment in fragments)) for path, fragments in self.blocks()]
        return [*parts, PartTime("optimizer", self.optimizer())] if self.training else parts

    def blocks(self) -> list[tuple[str, list[tuple[str, Fragment]]]]:
        """The layers of each stage, by the paths of both. The stem and the head are one layer each."""
        layout: Layout = "plain"
        found: list[tuple[str, list[tuple[str, Fragment]]]] = []
        for part in (self.architecture.stem, *self.architecture.stages, self.architecture.head):
            if isinstance(part, Section):
                fragment = self.section(part, layout)
                found.append((self.architecture.path(part), [("", fragment)]))
                layout = fragment.layout
            elif isinstance(part, Stage):
                path, fragments = self.architecture.path(part), self.stage(part, layout)
                found.append((path, [(f"{path}.{index}", each) for index, each in enumerate(fragments)]))
                layout = fragments[-1].layout if fragments else layout
        return found

    def optimizer(self) -> Time:
        """The update of all parameters, in a training step."""
        return self.update(self.architecture.costs.model().params)


def _check(profile: Profile, dtype: str, batch: object, is_training: bool) -> None:
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise NotBatch(batch).error()
    if dtype not in BYTES or dtype not in profile.dtypes:
        raise TypeNotInProfile(profile.name, dtype, list(profile.dtypes)).error()
    if is_training and profile.backend != "eager":
        raise ProfileDoesNotTrain(profile.name, profile.backend).error()
