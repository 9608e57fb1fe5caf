"""Tensors carried over a map: all of them, or the part that was asked for, with a list of the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from math import ceil, prod
from typing import TYPE_CHECKING, Any

from archdsl.diagnostics import Note
from archdsl.diagnostics.render import printable
from archdsl.weights.errors import WeightsDoNotFit
from archdsl.weights.key_map import COUNTER, KeyMap, Pair, reshaped
from archdsl.weights.matching import layout
from archdsl.weights.mismatches import MismatchError, MismatchRow, sizes
from archdsl.weights.selection import EVERYTHING, Keys, Selection, covering

if TYPE_CHECKING:
    from torch import Tensor, nn

Shape = tuple[int, ...]
_RGB = 3
_FEWEST = 3
# A smaller share of tensors that fit is a coincidence.
_FEW = 0.05


@dataclass(frozen=True)
class Left:
    """A tensor that is not carried over, under its keys of both sides as far as they have it, and why."""

    ours: str | None
    shape: Shape | None
    theirs: str | None
    their_shape: Shape | None
    why: str

    def as_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {
            "ours": self.ours,
            "theirs": self.theirs,
            "shape": None if self.shape is None else list(self.shape),
            "their_shape": None if self.their_shape is None else list(self.their_shape),
            "why": self.why,
        }


@dataclass(frozen=True)
class Carried:
    """Their tensors under our keys, what was left of both sides, and how a first convolution was adapted, by key."""

    tensors: Mapping[str, Tensor]
    left: tuple[Left, ...] = ()
    adapted: Mapping[str, str] = field(default_factory=dict)


def carry(
    key_map: KeyMap,
    ours: Mapping[str, Shape],
    tensors: Mapping[str, Tensor],
    selection: Selection,
    readers: Callable[[], Collection[str]],
    source: str,
) -> Carried:
    """Carries `tensors` of `source` over a map to a network whose tensors have the shapes `ours`.

    `readers` finds our keys of the weights that are applied to the images themselves: those are adapted to the number
    of channels as timm does it. Raises MismatchError where a tensor that is wanted is missing or does not fit.
    """
    pairs = _all_pairs(key_map, ours, tensors)
    used = {pair.theirs for pair in pairs}
    unused = [key for key in tensors if key not in used]
    selection.require_meaning([*((pair.ours, pair.theirs) for pair in pairs), *((None, key) for key in unused)])
    found: dict[str, Tensor] = {}
    adapted: dict[str, str] = {}
    left: list[Left] = []
    rejected: list[tuple[Pair, Shape | None]] = []
    for pair in pairs:
        tensor = tensors.get(pair.theirs) if pair.theirs is not None else None
        shape = None if tensor is None else tuple(tensor.shape)
        if pair.ours in found and pair.ours not in adapted:
            continue
        if not selection.wants((pair.ours, pair.theirs)):
            left.append(Left(pair.ours, pair.shape, pair.theirs, shape, "not asked for"))
        elif pair.ours in key_map.left_of_ours:
            left.append(Left(pair.ours, pair.shape, pair.theirs, shape, "stands for what is left out"))
        elif tensor is None and _leaf(pair.ours) == COUNTER and _sibling_is_there(pair, key_map, tensors):
            found[pair.ours] = _zero(pair.shape)
        elif tensor is None or shape is None:
            rejected.append((pair, None))
        elif prod(shape) == prod(pair.shape) and _fits(shape, pair):
            found[pair.ours] = reshaped(tensor, pair.shape, pair.theirs or "", source)
        elif _can_adapt(shape, pair.shape) and pair.ours in readers():
            found[pair.ours] = adapt_channels(tensor, pair.shape[1])
            adapted[pair.ours] = f"{shape[1]} to {pair.shape[1]} channels of images"
        else:
            rejected.append((pair, shape))
    if rejected:
        raise _refusal(key_map, pairs, rejected, source)
    left += [Left(None, None, key, tuple(tensors[key].shape), _why_unused(key, key_map, selection)) for key in unused]
    return Carried(found, tuple(left), adapted)


def require_all(origin: str, module: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Raises MismatchError where tensors of a file do not fit the module that they are said to be of.

    That is seen at once, and a map, with its proof, takes a while.
    """
    shapes = shapes_of(module)
    learned = {name for name, _ in module.named_parameters()}
    # Buffers may be missing: old files do not have the counters, and some are never read.
    needed = {key: shape for key, shape in shapes.items() if key in learned or key in tensors}
    pairs = tuple(Pair(key, key, shape, shape) for key, shape in needed.items())
    theirs = {key: tensors[key] for key in needed if key in tensors}
    try:
        carry(KeyMap(origin, source, pairs), needed, theirs, EVERYTHING, needed.keys, source)
    except MismatchError as mismatch:
        raise MismatchError(mismatch.diagnostics[0], mismatch.rows, (origin, source)) from None


def shapes_of(module: nn.Module) -> dict[str, Shape]:
    """The shapes of a state dict."""
    return {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}


def adapt_channels(weight: Tensor, channels: int) -> Tensor:
    """A convolution of three channels for other images, as timm does it: the sum for one, else repeated and scaled."""
    if channels == 1:
        return weight.detach().sum(dim=1, keepdim=True)
    repeated = weight.detach().repeat(1, ceil(channels / _RGB), 1, 1)[:, :channels]
    return (repeated * (_RGB / channels)).to(weight.dtype).contiguous()


def _all_pairs(key_map: KeyMap, ours: Mapping[str, Shape], tensors: Mapping[str, Tensor]) -> list[Pair]:
    """The pairs of the map, and a pair without theirs for each of our keys that it does not have."""
    known = {pair.ours for pair in key_map.pairs}
    # Where one tensor is several of ours or of theirs, the one that the file has stands for it.
    pairs = [pair for pair in key_map.pairs if pair.theirs in tensors]
    there = {pair.ours for pair in pairs}
    rest = {pair.ours: pair for pair in key_map.pairs if pair.ours not in there}
    rest |= {key: Pair(key, None, shape, shape) for key, shape in ours.items() if key not in known}
    order = {key: number for number, key in enumerate(ours)}
    return sorted([*pairs, *rest.values()], key=lambda pair: order.get(pair.ours, len(order)))


def _refusal(
    key_map: KeyMap, pairs: list[Pair], rejected: list[tuple[Pair, Shape | None]], source: str
) -> MismatchError:
    """What is missing or does not fit, and which options leave it out."""
    rows = [
        MismatchRow(
            None,
            f"{printable(pair.ours)}: {sizes(pair.shape)}",
            None,
            f"{printable(pair.theirs or '')}: {sizes(shape)}" if shape is not None else "missing",
        )
        for pair, shape in rejected
    ]
    missing = sum(shape is None for _, shape in rejected)
    first, shape = rejected[0]
    notes = [Note(f"first `{printable(first.ours)}`: {sizes(first.shape)} here, {_there(shape)}")]
    wrong = [pair.ours for pair, _ in rejected]
    right = [pair.ours for pair in pairs if pair.ours not in set(wrong)]
    skips, parts = covering(wrong, right), covering(right, wrong)
    option, paths = ("--skip", skips) if len(skips) <= max(len(parts), _FEWEST) or not parts else ("--part", parts)
    if len(right) < len(pairs) * _FEW:
        help_line = f"hardly any of its tensors fits: these are weights of another network than {key_map.network}"
    else:
        named = " ".join(f"{option} {printable(_certain(path, pairs))}" for path in paths)
        keeps = "leaves these as the network makes them" if option == "--skip" else "takes what is there"
        help_line = (
            f"{named} {keeps}" if len(paths) <= 8 else f"these may be weights of another network than {key_map.network}"
        )
    problem = WeightsDoNotFit(source, key_map.network, len(pairs), missing, len(rejected) - missing, help_line)
    return MismatchError(problem.at(None, notes=tuple(notes)), rows)


def _certain(path: str, pairs: list[Pair]) -> str:
    """The path, with the side that it is of where the other one calls other tensors so."""
    keys: list[Keys] = [(pair.ours, pair.theirs) for pair in pairs]
    one = Selection.of(skips=[path])
    return (
        path if all(one.skips[0].has(ours) or not one.skips[0].has(theirs) for ours, theirs in keys) else f"ours:{path}"
    )


def _there(shape: Shape | None) -> str:
    return "missing there" if shape is None else f"{sizes(shape)} there"


def _fits(shape: Shape, pair: Pair) -> bool:
    """Whether a tensor has the shape that the map expects, up to axes of one."""
    return layout(shape) in (layout(pair.their_shape), layout(pair.shape))


def _can_adapt(shape: Shape, wanted: Shape) -> bool:
    return len(shape) == len(wanted) == 4 and shape[1] == _RGB and (shape[0], *shape[2:]) == (wanted[0], *wanted[2:])


def _sibling_is_there(pair: Pair, key_map: KeyMap, tensors: Mapping[str, Tensor]) -> bool:
    """Whether a file has the batch norm whose counter it does not have."""
    module = pair.ours.rpartition(".")[0]
    return any(other.theirs in tensors for other in key_map.pairs if other.ours.rpartition(".")[0] == module)


def _why_unused(key: str, key_map: KeyMap, selection: Selection) -> str:
    if not selection.wants((None, key)):
        return "not asked for"
    return "no forward pass reads it" if key in key_map.left_out else f"{key_map.network} has no place for it"


def _leaf(key: str) -> str:
    return key.rpartition(".")[2]


def _zero(shape: Shape) -> Tensor:
    import torch

    return torch.zeros(shape, dtype=torch.long)
