"""What a module does with its weights: one forward pass, watched operator by operator, without any arithmetic.

Modules are often defined in another order than they are used, and two libraries never agree on names; what a network
computes does not depend on either. So the pass is run on torch's meta device, and of everything that happens only the
operators that read weights are kept, each with those that it depends on. What lies between them (activations,
pooling, additions, reshaping) leaves its mark as these edges; how a library spells it does not matter.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import networkx
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from archdsl.weights.aten import ACTIVATIONS, KINDS

# What stands for the images among the sources of an operator.
IMAGES = -1
# The axis of channels, along which tensors are joined.
_CHANNELS = 1
# Arguments, other than tensors, that change the result without changing what is learned.
_CONSTANTS = ("stride", "dilation", "groups", "eps")
# What the parts of an operator are called where torch's own names for its arguments say little.
_ROLES = {
    ("linear", "self"): "bias",
    ("linear", "mat2"): "weight",
    **{(kind, operand): "operand" for kind in ("mul", "add") for operand in ("self", "other")},
}
# Operators by their usual names; a linear layer is a convolution of 1 x 1 maps.
_SAME_AS = {"linear": "convolution"}


@dataclass(frozen=True)
class TracedOperator:
    """One operator that reads weights.

    `parts` are the state-dict keys of each of its arguments (`weight`, `bias`, `running_mean`, ...), in the order in
    which they are read; several keys are one argument where it is computed, as a standardized weight is from a weight
    and a gain. `sources` are the operators, by position in the order of use, whose results this one depends on through
    operators without weights, each with the channel at which its result begins where tensors have been joined.
    `constants` are what else can be said of it: arguments other than tensors, the activations `after` which it comes,
    and the shape of its `output`.
    """

    position: int
    kind: str
    parts: Mapping[str, tuple[str, ...]]
    sources: frozenset[tuple[int, int]]
    constants: Mapping[str, Any]

    @property
    def family(self) -> str:
        """The kind, with kinds that compute the same thing as one."""
        return _SAME_AS.get(self.kind, self.kind)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for keys in self.parts.values() for key in keys)

    @property
    def name(self) -> str:
        """The module that holds most of what is read: the longest common beginning of the keys."""
        return module_of(self.keys)


@dataclass(frozen=True)
class Trace:
    """All operators of a module that read weights, in order of use, and the shapes of its state dict.

    `tied` has the keys of tensors that have another key before them, and that one.
    """

    operators: tuple[TracedOperator, ...]
    shapes: Mapping[str, tuple[int, ...]]
    tied: Mapping[str, str]

    @cached_property
    def graph(self) -> networkx.DiGraph:
        """Which operators depend on which, by position in the order of use, from the node `IMAGES` on.

        An edge has the `channels` at which the result begins in what is read, several where it is joined with itself.
        """
        graph = networkx.DiGraph()
        graph.add_node(IMAGES)
        for operator in self.operators:
            graph.add_node(operator.position)
            for source, channel in sorted(operator.sources):
                known = graph.get_edge_data(source, operator.position, {"channels": ()})
                graph.add_edge(source, operator.position, channels=(*known["channels"], channel))
        return graph

    @property
    def unread(self) -> tuple[str, ...]:
        """Keys of the state dict that the forward pass never reads, such as counters of batches."""
        read = {key for operator in self.operators for key in operator.keys}
        return tuple(key for key in self.shapes if key not in read and key not in self.tied)


def module_of(keys: tuple[str, ...]) -> str:
    """The module whose tensors these are: `stem.norm` of `stem.norm.weight` and `stem.norm.bias`."""
    parts = [key.split(".")[:-1] for key in keys]
    common: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return ".".join(common)


def trace(module: nn.Module, *sizes: Sequence[int]) -> Trace:
    """Watches `module` at work on two images of each of `sizes`, channels x height x width, or series of channels x
    length: one for each input. Its own tensors are not touched.

    Raises whatever the forward pass raises, as when the images do not suit the module.
    """
    twin = _without_numbers(module).eval()
    state = twin.state_dict(keep_vars=True)
    images = [torch.empty(2, *size, device="meta") for size in sizes]
    watcher = _Watcher(state, images)
    with torch.no_grad(), watcher:
        twin(*images)
    first = {id(tensor): key for key, tensor in reversed(state.items())}
    tied = {key: first[id(tensor)] for key, tensor in state.items() if first[id(tensor)] != key}
    return Trace(tuple(watcher.operators), {key: tuple(tensor.shape) for key, tensor in state.items()}, tied)


def outputs_of(module: nn.Module, images: Tensor) -> tuple[list[Tensor], Any]:
    """The output of each operator that reads weights, on these images, in order of use, as `trace` finds them; and that
    of the whole module."""
    watcher = _Watcher(module.state_dict(keep_vars=True), [images], outputs=[])
    with torch.no_grad(), watcher:
        whole = module(images)
    return watcher.outputs or [], whole


def image_readers(trace: Trace) -> set[str]:
    """The keys of weights that are applied to the images themselves."""
    return {
        key
        for operator in trace.operators
        if any(source == IMAGES for source, _ in operator.sources)
        for key in operator.parts.get("weight", ())
    }


def _without_numbers(module: nn.Module) -> nn.Module:
    """A copy of a module on the meta device. Tensors that the module holds twice, the copy holds twice."""
    known: dict[int, Any] = {}
    for tensor in (*module.parameters(), *module.buffers()):
        empty = torch.empty_like(tensor, device="meta")
        known[id(tensor)] = nn.Parameter(empty, requires_grad=False) if isinstance(tensor, nn.Parameter) else empty
    return copy.deepcopy(module, known)


@dataclass
class _Origin:
    """Where a tensor comes from.

    That is operators, and the activations since then, when it depends on the images; else the keys of what it is
    computed from.
    """

    sources: frozenset[tuple[int, int]] = frozenset()
    activations: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()


@dataclass
class _Watcher(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows tensors through a forward pass."""

    state: Mapping[str, Tensor]
    images: Sequence[Tensor]
    operators: list[TracedOperator] = field(default_factory=list)
    # Results, where they are to be compared: later operators may write into them.
    outputs: list[Tensor] | None = None

    def __post_init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        # Tensors are known by identity, and so they are kept: on the meta device they hold no numbers.
        self.kept: list[Tensor] = []
        self.origins: dict[int, _Origin] = {}
        self.sharing: dict[int, list[Tensor]] = {}
        for key, tensor in self.state.items():
            if id(tensor) not in self.origins:
                self._know(tensor, _Origin(keys=(key,)))
        for images in self.images:
            self._know(images, _Origin(sources=frozenset({(IMAGES, 0)})))

    def _know(self, tensor: Tensor, origin: _Origin) -> None:
        if id(tensor) not in self.origins:
            self.kept.append(tensor)
            self.sharing.setdefault(tensor.untyped_storage()._cdata, []).append(tensor)
        self.origins[id(tensor)] = origin

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = _named(function, args, kwargs or {})
        if function.overloadpacket is torch.ops.aten.addcmul:  # two operators in one, each with weights perhaps
            with self:
                return torch.add(named["self"], named["tensor1"] * named["tensor2"], alpha=named["value"])
        result = function(*args, **(kwargs or {}))
        kind = KINDS.get(name := function.__name__.split(".")[0].rstrip("_"), name)
        before, parts = self._before(kind, named), self._parts(kind, named)
        if before.sources and parts:
            origin = _Origin(sources=frozenset({(len(self.operators), 0)}))
            constants = {name: _plain(named[name]) for name in _CONSTANTS if name in named}
            constants["after"] = ", ".join(sorted(before.activations)) or "no activation"
            constants["output"] = " x ".join(str(size) for size in next(_tensors(result)).shape[1:] if size != 1)
            self.operators.append(TracedOperator(len(self.operators), kind, parts, before.sources, constants))
            if self.outputs is not None:
                self.outputs.append(next(_tensors(result)).clone())
        elif before.sources:
            origin = before
        else:
            origin = _Origin(keys=tuple(dict.fromkeys(key for keys in parts.values() for key in keys)))
        for output in _tensors(result):
            written = id(output) in self.origins
            self._know(output, origin)
            if written and before.sources:  # In place: whoever shares the memory sees the change.
                for other in self.sharing[output.untyped_storage()._cdata]:
                    self._know(other, origin)
        return result

    def _origin(self, tensor: Tensor) -> _Origin:
        return self.origins.get(id(tensor), _Origin())

    def _parts(self, kind: str, named: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """The keys of what is read, by what each argument is to the operator."""
        parts: dict[str, tuple[str, ...]] = {}
        for argument, value in named.items():
            keys = [key for tensor in _tensors(value) for key in self._origin(tensor).keys]
            if keys:
                role = _ROLES.get((kind, argument), argument)
                parts[role] = (*parts.get(role, ()), *dict.fromkeys(keys))
        return parts

    def _before(self, kind: str, named: Mapping[str, Any]) -> _Origin:
        """The operators behind a result, each with its first channel where tensors are joined, and through what."""
        sources: set[tuple[int, int]] = set()
        activations: set[str] = {kind} & ACTIVATIONS
        for value in named.values():
            joined = isinstance(value, list | tuple) and named.get("dim", 0) == _CHANNELS
            offset = 0
            for tensor in _tensors(value):
                origin = self._origin(tensor)
                sources |= {(position, first + offset) for position, first in origin.sources}
                activations |= origin.activations
                if joined:
                    offset += tensor.shape[_CHANNELS]
        return _Origin(frozenset(sources), frozenset(activations))


def _named(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of an operator by name, defaults included."""
    declared = function._schema.arguments
    named = {argument.name: argument.default_value for argument in declared if argument.has_default_value()}
    named.update(zip((argument.name for argument in declared), args, strict=False))
    named.update(kwargs)
    return named


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)


def _plain(value: Any) -> Any:
    """A stride of (2, 2) is a stride of 2."""
    if isinstance(value, list | tuple) and len(set(value)) == 1:
        return value[0]
    return tuple(value) if isinstance(value, list) else value
