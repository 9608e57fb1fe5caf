"""From the name of a library's model, or a file, to a map and tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archdsl.backends.pytorch.class_layers import classifiers
from archdsl.weights.carry import Carried, Left, Shape, carry, require_all, shapes_of
from archdsl.weights.errors import NeitherModelNorFile, StateWithoutFile, WeightsOfFile
from archdsl.weights.files import Checkpoint, read_checkpoint
from archdsl.weights.from_file import map_file
from archdsl.weights.from_module import map_module
from archdsl.weights.key_map import COUNTER, KeyMap, Pair
from archdsl.weights.mismatches import MismatchError
from archdsl.weights.peers import LIBRARIES, build_peer, is_peer
from archdsl.weights.scope import scoped
from archdsl.weights.selection import Selection
from archdsl.weights.trace import image_readers, trace

if TYPE_CHECKING:
    from torch import Tensor, nn

    from archdsl.api import Network

# What stands for the layers that another number of classes replaces.
CLASSIFIER = "classifier"

# A file with more than this share of our keys is one of ours.
_MOST = 0.5


@dataclass(frozen=True)
class MappedWeights:
    """A map, the tensors under the keys of theirs, and under those of ours the ones that were carried over it.

    `left` are the tensors of both sides that were not, `adapted` says how the weights of a first convolution were made
    to fit other images, and `others` what else a file holds. `are_fresh` says that nobody trained the weights, and
    `refusal` why the map is not proven, where it was forced.
    """

    key_map: KeyMap
    tensors: Mapping[str, Tensor]
    ours: Mapping[str, Tensor]
    left: tuple[Left, ...] = ()
    adapted: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    are_fresh: bool = False
    refusal: MismatchError | None = None

    @property
    def is_partial(self) -> bool:
        """Whether tensors of ours are left as the network makes them."""
        return any(left.ours is not None for left in self.left)

    def as_json(self) -> dict[str, Any]:
        """The JSON object of the map, with what was not carried over."""
        return {
            **self.key_map.as_json(),
            "adapted": dict(self.adapted),
            "not_loaded": [left.as_json() for left in self.left],
            "not_read": dict(self.others),
        }


def map_weights(
    network: Network,
    origin: str,
    *,
    weights: str | Path | None = None,
    pretrained: bool = False,
    state: str | None = None,
    parts: Iterable[str] = (),
    skips: Iterable[str] = (),
    force: bool = False,
) -> MappedWeights:
    """The map between `network.build()` and `origin`: `timm:NAME`, `torchvision:NAME`, `pytorchcv:NAME` or a file.

    Of a model, the numbers are those of the file `weights`, or trained ones that the library has (`pretrained`), or
    fresh. `state` names one of several state dicts of a file. Only what is below one of the paths `parts` is carried
    over, where there are any, and nothing that is below one of `skips`. `force` gives the map of a model all the same
    where outputs differ on equal weights, with its `refusal`: for debugging.

    Raises:
        MismatchError: when the two do not correspond.
        DiagnosticError: when one of them cannot be built or read.
    """
    selection = Selection.of(parts, _named(network, skips))
    if not is_peer(origin):
        _require_file(origin, weights, pretrained=pretrained)
        return _of_file(network, read_checkpoint(origin, state), selection)
    if state is not None and weights is None:
        raise StateWithoutFile().error()
    checkpoint = read_checkpoint(weights, state) if weights is not None else None
    module = build_peer(origin, network.architecture)
    source = origin
    if checkpoint is not None:
        checkpoint = scoped(checkpoint, module.state_dict().keys())
        tensors, source = checkpoint.tensors, str(checkpoint.path)
    elif pretrained:
        tensors = build_peer(origin, network.architecture, pretrained=True).state_dict()
    else:
        tensors = module.state_dict()
    ours = network.build()
    if selection:
        # Misspelt paths are found before the map, which takes a while.
        names = module.state_dict().keys() | tensors.keys()
        selection.require_meaning([*((key, None) for key in ours.state_dict()), *((None, key) for key in names)])
    else:
        require_all(origin, module, tensors, source)
    refusal: MismatchError | None = None
    try:
        key_map = map_module(network, module, origin, selection)
    except MismatchError as mismatch:
        if not force or mismatch.refused is None:
            raise
        refusal, key_map = mismatch, mismatch.refused
    carried = carry(key_map, shapes_of(ours), tensors, selection, _readers(network, ours), source)
    mapped = _mapped(key_map, tensors, carried, checkpoint, are_fresh=checkpoint is None and not pretrained)
    return replace(mapped, refusal=refusal)


def _named(network: Network, skips: Iterable[str]) -> list[str]:
    """Paths that are left out, with `classifier` as what another number of classes replaces, whatever it is called."""
    found: list[str] = []
    for text in skips:
        layers = classifiers(network.architecture) if text.removeprefix("ours:") == CLASSIFIER else ()
        found += [text] if CLASSIFIER in layers or not layers else [f"ours:{layer}" for layer in layers]
    return found


def _of_file(network: Network, checkpoint: Checkpoint, selection: Selection) -> MappedWeights:
    ours = network.build()
    shapes = shapes_of(ours)
    by_name = scoped(checkpoint, shapes)
    if _has_our_names(by_name, shapes):
        checkpoint = by_name
        key_map = _by_name(network, by_name, shapes)
    elif (found := _of_part(network, checkpoint, shapes)) is not None:
        key_map, checkpoint = found
    else:
        key_map, checkpoint = map_file(network, ours, checkpoint, selection)
    carried = carry(key_map, shapes, checkpoint.tensors, selection, _readers(network, ours), str(checkpoint.path))
    return _mapped(key_map, checkpoint.tensors, carried, checkpoint)


def _has_our_names(checkpoint: Checkpoint, ours: Mapping[str, Shape]) -> bool:
    """Whether a file is of a network of ours: it has nothing but our keys, or most of them."""
    known = sum(key in ours for key in checkpoint.tensors)
    return known == len(checkpoint.tensors) or known > len(ours) * _MOST


def _by_name(network: Network, checkpoint: Checkpoint, ours: Mapping[str, Shape], part: str = "") -> KeyMap:
    """The map to a file of the network, or of its part, whose own keys are ours without `part` in front."""
    pairs = (
        Pair(key, own, shape, tuple(checkpoint.tensors[own].shape))
        for key, shape in ours.items()
        for own in (key.removeprefix(part),)
        if key.startswith(part) and own in checkpoint.tensors
    )
    return KeyMap(network.name, str(checkpoint.path), tuple(pairs), is_by_name=True)


def _of_part(network: Network, checkpoint: Checkpoint, ours: Mapping[str, Shape]) -> tuple[KeyMap, Checkpoint] | None:
    """The map to a file of ours that is of the network's part alone: it has every tensor of that by its own name."""
    if network.architecture.part is None:
        return None
    part = f"{network.architecture.part.name}."
    own = {key.removeprefix(part): shape for key, shape in ours.items() if key.startswith(part)}
    checkpoint = scoped(checkpoint, own)
    if any(key not in checkpoint.tensors and not key.endswith(COUNTER) for key in own):
        return None
    return _by_name(network, checkpoint, ours, part), checkpoint


def _readers(network: Network, ours: nn.Module) -> Callable[[], set[str]]:
    return lambda: image_readers(trace(ours, *(shape.sizes for shape in network.architecture.images.values())))


def _mapped(
    key_map: KeyMap,
    tensors: Mapping[str, Tensor],
    carried: Carried,
    checkpoint: Checkpoint | None,
    *,
    are_fresh: bool = False,
) -> MappedWeights:
    left, others = carried.left, {}
    if checkpoint is not None:
        why = f"not below `{checkpoint.prefix.rstrip('.')}`"
        left += tuple(Left(None, None, key, tuple(tensor.shape), why) for key, tensor in checkpoint.aside.items())
        others = dict(checkpoint.others)
    return MappedWeights(key_map, tensors, carried.tensors, left, carried.adapted, others, are_fresh)


def _require_file(origin: str, weights: str | Path | None, *, pretrained: bool) -> None:
    """Raises DiagnosticError where `origin` cannot be meant as a file."""
    if not Path(origin).exists() and not Path(origin).suffix:
        raise NeitherModelNorFile(origin, list(LIBRARIES)).error()
    if weights is not None or pretrained:
        option = "--weights" if weights is not None else "--pretrained"
        raise WeightsOfFile(option, origin).error()
