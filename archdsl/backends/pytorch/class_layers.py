"""Which layers of a network follow its number of classes, and which parameters of blocks do: known from formulas.

And whether its head follows the channels of its images in another way than by the last map.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from archdsl.backends.pytorch.naming import classifier_attribute
from archdsl.backends.pytorch.state import ModuleTracer
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Apply, BlockInstance
from archdsl.ir.formula import names, parse
from archdsl.ir.head import has_classifier
from archdsl.ir.names import identifier
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.arrangement import Parameter, Resize, Slice
from archdsl.ir.operators.convolution import CondConv, Conv, ConvTranspose, WeightStandardizedConv
from archdsl.ir.operators.extern import Extern
from archdsl.ir.operators.linear import Linear
from archdsl.ir.operators.reduction import Reduce
from archdsl.ir.parts import applied
from archdsl.ir.walk import Flow, Scope, Tensor, tensors_of

# Operators that say how many channels they put out; all others put out what follows from those of their input.
_SAY_CHANNELS = (
    *(Conv, CondConv, ConvTranspose, WeightStandardizedConv, Linear, Slice, Parameter, Extern),
    Reduce,
)


class ClassLayers(NamedTuple):
    """What follows the number of classes: layers whose weights have other shapes with another one, by the paths of
    their modules, and parameters of block instances, by their ids. `are_all` says that nothing else does, such as a
    layer without weights that cuts as many channels."""

    layers: tuple[str, ...]
    parameters: Mapping[str, frozenset[str]]
    are_all: bool = True


def class_layers(architecture: Architecture) -> ClassLayers:
    """What of a network's head follows the number of classes. Raises DiagnosticError where `walk` does."""
    tracer = _Following(architecture)
    tracer.head()
    return ClassLayers(
        tuple(dict.fromkeys(tracer.layers)),
        {block: frozenset(found) for block, found in tracer.parameters.items()},
        tracer.are_all,
    )


def classifiers(architecture: Architecture) -> tuple[str, ...]:
    """The paths of the modules that another number of classes replaces."""
    found = dict.fromkeys(class_layers(architecture).layers)
    if architecture.head is not None and has_classifier(architecture):
        (*_, last) = applied(architecture.head.steps)
        found[classifier_attribute(last.name, architecture)] = None
    return tuple(found)


def images_decide_head(architecture: Architecture) -> bool:
    """Whether a head that reads maps by name is another one for images of other channels: a layer of it has weights
    for them, or a formula says them. Raises DiagnosticError where `walk` does."""
    tracer = _Following(architecture, {"input"})
    tracer.network()
    return bool(tracer.layers) or not tracer.are_all


def of_images(architecture: Architecture) -> frozenset[str]:
    """The modules `stem` and `stem.NAME` that put out as many channels as follow from those of the images. Raises
    DiagnosticError where `walk` does."""
    if architecture.stem is None:
        return frozenset()
    tracer = _Following(architecture, {"input"})
    tracer.section(architecture.stem, Tensor("input", architecture.input))
    ends: dict[str, str] = {}
    for visit in tracer.visits:
        parts = visit.path.removeprefix(architecture.prefix).split(".")
        if parts[0] == "stem":
            ends["stem"] = ends[".".join(parts[:2])] = visit.path
    return frozenset(module for module, path in ends.items() if path in tracer.tensors)


class _Following(ModuleTracer):
    def __init__(self, architecture: Architecture, tensors: Iterable[str] = ()):
        super().__init__(architecture)
        self.layers: list[str] = []
        self.parameters: dict[str, set[str]] = {}
        self.are_all = True
        self._open: frozenset[str] = frozenset()  # the scalars in scope that follow the number of classes
        self.tensors = set(tensors)  # those whose channels do
        self._applied: list[Apply] = []

    def head(self) -> None:
        """Follow the head alone, from what the stages put out."""
        source = self.before_head()
        if self.architecture.head is not None:
            self._open = frozenset({"classes"})
            self.section(self.architecture.head, source)

    def stages(self, source: Tensor) -> Tensor:
        """Follow the stages; what is found is what the head does."""
        last = super().stages(source)
        self.layers, self.parameters, self.are_all = [], {}, True
        return last

    def _apply(self, step: Apply, source: Flow, path: str, scope: Scope) -> Flow:
        self._applied.append(step)
        made = super()._apply(step, source, path, scope)
        self._applied.pop()
        return made

    def note(
        self,
        path: str,
        operator: str,
        inputs: tuple[Tensor, ...],
        output: Shape,
        primitive: Primitive | None = None,
        *rest: Any,
        **named: Any,
    ) -> Tensor:
        made = super().note(path, operator, inputs, output, primitive, *rest, **named)
        read = inputs[:1] if isinstance(primitive, Resize) else inputs  # its second tensor says a size
        reads = any(tensor.path in self.tensors for tensor in read)
        own = primitive is not None and any(map(self._follows, self._applied[-1].formulas.values()))
        if primitive is not None and not self.is_again and (own or reads):
            if isinstance(primitive, Extern) or primitive.state(*(each.shape for each in inputs)):
                self.layers.append(path)
            else:
                self.are_all &= not own
        if reads and len(read) > 1 and operator not in ("concat", "output"):
            self.are_all &= self._stay_alike(read)
        if own or (reads and not isinstance(primitive, _SAY_CHANNELS)):
            self.tensors.add(made.path)
        return made

    def block(self, identity: str, source: Flow, path: str, others: tuple[Flow, ...] = ()) -> Flow:
        instance = self.blocks[identity]
        outer, given = self._open, self._applied[-1].formulas
        found = {identifier(name) for name, formula in given.items() if self._follows(formula)}
        self.parameters.setdefault(identity, set()).update(found)
        found |= {"in_channels"} if self._reads(source) else set()
        further = zip(instance.tensors, others, strict=True)
        found |= {f"in_{name}_channels" for name, other in further if self._reads(other)}
        self._open = _with_bindings(instance, found)
        made = super().block(identity, source, path, others)
        self._open = outer
        return made

    def _reads(self, flow: Flow) -> bool:
        return any(tensor.path in self.tensors for tensor in tensors_of(flow))

    def _stay_alike(self, tensors: Sequence[Tensor]) -> bool:
        """Whether tensors that are combined element by element can be so with any number of channels of those that
        follow: all others have a single channel, which goes with every number."""
        following = {tensor.shape.channels for tensor in tensors if tensor.path in self.tensors}
        others = {tensor.shape.channels for tensor in tensors if tensor.path not in self.tensors}
        return others <= {1} and len(following) == 1

    def _follows(self, formula: str) -> bool:
        return bool(self._open) and not self._open.isdisjoint(names(parse(formula)))


def _with_bindings(instance: BlockInstance, names_: set[str]) -> frozenset[str]:
    """The scalars of a block that follow some of them."""
    found = set(names_)
    formulas = {name: names(parse(text)) for name, text in instance.formulas.items()} if found else {}
    while more := {name for name, read in formulas.items() if name not in found and found & read}:
        found |= more
    return frozenset(found)
