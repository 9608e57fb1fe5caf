"""The map between a network of ours and any other module, by what the two compute, proven by their outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

import networkx
import torch
from torch import nn

from archdsl.diagnostics import Note
from archdsl.diagnostics.render import printable
from archdsl.ir.errors import refuse_several_inputs
from archdsl.weights.errors import CannotRun, OtherWeights, OutputsDiffer, PartsDiffer
from archdsl.weights.key_map import KeyMap
from archdsl.weights.key_pairs import pairs_of
from archdsl.weights.matching import Matching, matchings, signature, wired_differently
from archdsl.weights.mismatches import MismatchError, MismatchRow, described, side_by_side, unequal_operators
from archdsl.weights.partial import Piece, advice, after_what_is_left_out, kept, restricted
from archdsl.weights.proof import TOLERANCE, Difference, difference, differences
from archdsl.weights.selection import EVERYTHING, Selection
from archdsl.weights.trace import Trace, TracedOperator, trace

if TYPE_CHECKING:
    from archdsl.api import Network

_BATCH = 2
_SMALLEST = 32
_MOST_NAMES = 4
_PART = "{} of the {} operators come after what is left out: their order and shapes agree, their outputs prove nothing"
_UNPROVEN = "NOT PROVEN, for debugging only: on equal weights the outputs differ by {:.1e} of the largest"
_CAVEAT = (
    "outputs are equal where standardized weights are large; with fresh ones they differ by {:.1e} of the largest, for "
    "the two keep the standardization from dividing by zero in different ways"
)


def map_module(network: Network, module: nn.Module, origin: str, selection: Selection = EVERYTHING) -> KeyMap:
    """The map between the keys of `network.build()` and those of `module`, which diagnostics call `origin`.

    Raises MismatchError when the two do not have the same operators in the same places, or have different outputs on
    equal weights. Where a selection leaves some out, the rest may have them; each operator before the first one that is
    left out then must have the same output.
    """
    instead = "map a file of weights of the whole network or of its part: `--from FILE`"
    refuse_several_inputs(network.architecture, "the map to the module of another library", instead)
    ours = network.build()
    our_trace, their_trace, size = _traces(network, ours, module, origin)
    if selection and not _agree(our_trace, their_trace):
        return _map_part(network, ours, our_trace, module, their_trace, origin, selection, size)
    images = _images(network, size)
    best: tuple[float, Matching, KeyMap] | None = None
    for matching in matchings(our_trace, their_trace):
        pairs = pairs_of(our_trace, their_trace, matching)
        if pairs is None:
            continue
        used = {pair.theirs for pair in pairs}
        left_out = tuple(key for key in their_trace.shapes if key not in used)
        key_map = KeyMap(network.name, origin, pairs, left_out)
        error = difference(ours, module, key_map, images)
        if error < TOLERANCE:
            return replace(key_map, error=error)
        if large := _standardized(their_trace):
            # What keeps a standardization from dividing by zero is added by some and a lower bound to others. Large
            # weights make it negligible, and prove the map.
            error_of_large = difference(ours, module, key_map, images, large)
            if error_of_large < TOLERANCE:
                return replace(key_map, error=error_of_large, caveat=_CAVEAT.format(error))
        if best is None or error < best[0]:
            best = error, matching, key_map
    if best is None:
        raise _unequal(network, origin, our_trace, their_trace, advice(_pieces(our_trace), _pieces(their_trace)))
    error, matching, refused = best
    found = differences(ours, module, refused, images, matching)
    first = _first_that_differs(network, our_trace, their_trace, matching, found)
    raise _unproven(network, our_trace, their_trace, error, matching, first, refused)


def _map_part(
    network: Network,
    ours: nn.Module,
    our_trace: Trace,
    theirs: nn.Module,
    their_trace: Trace,
    origin: str,
    selection: Selection,
    size: tuple[int, ...],
) -> KeyMap:
    """The map of what a selection leaves of two modules that are not the same."""
    here, there = kept(_pieces(our_trace), _pieces(their_trace), selection)
    our_part, their_part = restricted(our_trace, here), restricted(their_trace, there)
    unproven = after_what_is_left_out(our_trace, here)
    stained = after_what_is_left_out(their_trace, there)
    best = 0.0
    for matching in matchings(our_part, their_part):
        pairs = pairs_of(our_part, their_part, matching)
        if pairs is None:
            continue
        left_of_ours = frozenset(our_trace.shapes.keys() - our_part.shapes.keys())
        key_map = KeyMap(network.name, origin, pairs, left_of_ours=left_of_ours)
        proven = {at: other for at, other in matching.items() if at not in unproven and other not in stained}
        whole = {here[at]: there[other] for at, other in proven.items()}
        errors = differences(ours, theirs, key_map, _images(network, size), whole)
        errors = {at: one for at, one in errors.items() if at in whole}  # what is left out has its part in the rest
        best = max((one.error for one in errors.values()), default=0.0 if not proven else float("inf"))
        if best < TOLERANCE:
            unsure = len(matching) - len(proven)
            return replace(
                key_map,
                error=best if proven else None,
                caveat=_PART.format(unsure, len(matching)) if unsure else None,
                is_by_use=True,
            )
    if not here or best == 0.0:
        raise _unequal(network, origin, our_part, their_part, None)
    raise _differ_in_part(network, our_trace, their_trace, whole, errors, key_map)


def _differ_in_part(
    network: Network,
    ours: Trace,
    theirs: Trace,
    matching: Mapping[int, int],
    found: Mapping[int, Difference],
    refused: KeyMap,
) -> MismatchError:
    rows = _other_constants(ours, theirs, dict(matching))
    notes = _first_that_differs(network, ours, theirs, matching, found)
    error = max((one.error for one in found.values()), default=float("inf"))
    problem = PartsDiffer(network.name, refused.origin).at(None, notes=notes)
    return MismatchError(problem, rows, refused=_for_debugging(refused, error))


def _for_debugging(key_map: KeyMap, error: float) -> KeyMap:
    return replace(key_map, caveat=_UNPROVEN.format(error), is_by_use=True)


def _first_that_differs(
    network: Network, ours: Trace, theirs: Trace, matching: Mapping[int, int], found: Mapping[int, Difference]
) -> tuple[Note, ...]:
    """The first operator, in our order of use, whose outputs differ from those of its counterpart, with both values."""
    for at, (error, here, there) in sorted(found.items()):
        if error < TOLERANCE:
            continue
        if error < float("inf"):
            values = f"by {error:.1e} of the largest: {here} and {there} where they differ most"
        else:
            values = f"in size: {here} and {there}"
        if at not in matching:
            return (
                Note(f"the outputs of all operators with weights are equal; what follows the last differs {values}"),
            )
        operator, other = ours.operators[at], theirs.operators[matching[at]]
        note = Note(
            f"first `{printable(_name(operator))}` and `{printable(_name(other))}` have outputs that differ {values}; "
            "what lies before them, or their own stride, padding or epsilon, is not the same"
        )
        return note, *_right_before(network, operator)
    return ()


def _right_before(network: Network, operator: TracedOperator) -> tuple[Note, ...]:
    """What our network computes without weights between an operator and those with weights before it."""
    graph = network.architecture.graph()
    if operator.name not in graph:  # the head is divided in the built module
        return ()
    plain = [path for path, params in graph.nodes(data="params") if not params or path == operator.name]
    before = networkx.ancestors(graph.subgraph(plain), operator.name) - {"input"}
    found = [f"{graph.nodes[path]['operator']} `{path}`" for path in graph if path in before]
    if not found:
        return ()
    more = f" and {len(found) - _MOST_NAMES} more" if len(found) > _MOST_NAMES else ""
    return (Note(f"right before it {network.name} has {', '.join(found[:_MOST_NAMES])}{more}"),)


def _name(operator: TracedOperator) -> str:
    return operator.name if len(operator.keys) > 1 else operator.keys[0]


def _agree(ours: Trace, theirs: Trace) -> bool:
    """Whether both have operators of the same kinds and shapes."""
    here, there = (Counter(piece.signature for piece in _pieces(one)) for one in (ours, theirs))
    return here == there


def _pieces(trace: Trace) -> list[Piece]:
    return [Piece(signature(operator, trace.shapes), operator.keys) for operator in trace.operators]


def _images(network: Network, size: tuple[int, ...]) -> torch.Tensor:
    return torch.randn(_BATCH, network.architecture.input.channels, *size, generator=torch.Generator().manual_seed(0))


def _traces(network: Network, ours: nn.Module, theirs: nn.Module, origin: str) -> tuple[Trace, Trace, tuple[int, ...]]:
    """Both at work on images of one size, and that size: the smallest on which both run, for the proof."""
    channels, *own = network.architecture.input.sizes
    failing, reason = "", ""
    for divisor in (4, 2, 1):
        size = tuple(side // divisor for side in own)
        if divisor > 1 and min(size) < _SMALLEST:
            continue
        failing = network.name
        try:
            here = trace(ours, (channels, *size))
            failing = origin
            return here, trace(theirs, (channels, *size)), size
        except Exception as error:  # Anything can be wrong in a forward pass.
            reason = " ".join(str(error).split())
    raise CannotRun(failing, str(network.architecture.input), reason).error()


def _standardized(trace: Trace) -> set[str]:
    """The weights that are computed from several tensors, such as a weight and its gain: the largest of each."""
    return {
        max(keys, key=lambda key: prod(trace.shapes[key]))
        for operator in trace.operators
        for role, keys in operator.parts.items()
        if role == "weight" and len(keys) > 1
    }


def _unequal(network: Network, origin: str, ours: Trace, theirs: Trace, options: str | None) -> MismatchError:
    rows = unequal_operators(ours, theirs)
    notes = (Note(f"{len(ours.operators)} operators with weights here, {len(theirs.operators)} there"),)
    return MismatchError(OtherWeights(network.name, origin, options).at(None, notes=notes), rows)


def _unproven(
    network: Network,
    ours: Trace,
    theirs: Trace,
    error: float,
    matching: Matching,
    first: tuple[Note, ...],
    refused: KeyMap,
) -> MismatchError:
    """Says why outputs may differ: other wiring, else other constants, else what lies between the weights."""
    here, there = wired_differently(ours, theirs)
    rows = side_by_side(here, ours, there, theirs)
    notes = [Note(f"on equal random weights they differ by {error:.1e} of the largest output")]
    help_line = None
    if rows:
        notes.append(Note(f"{len(rows)} operators get other results or give theirs to others"))
        help_line = "compare the branches and additions around the operators of the table"
    elif rows := _other_constants(ours, theirs, matching):
        notes.append(Note(f"{len(rows)} operators have other constants or come after other activations"))
        help_line = "give the specification what the table says of the other side, or take weights of another model"
    notes += first
    problem = OutputsDiffer(network.name, refused.origin).at(None, notes=tuple(notes), help=help_line)
    return MismatchError(problem, rows, refused=_for_debugging(refused, error))


def _other_constants(ours: Trace, theirs: Trace, matching: Matching) -> list[MismatchRow]:
    """The operators whose stride, dilation, groups or epsilon differ, or the activations before them."""
    rows: list[MismatchRow] = []
    for position, other_position in sorted(matching.items()):
        operator, other = ours.operators[position], theirs.operators[other_position]
        differing = [
            name
            for name in sorted(operator.constants.keys() & other.constants.keys())
            if operator.constants[name] != other.constants[name]
        ]
        if differing:
            here, there = (
                ", ".join(f"{name} {one.constants[name]}" for name in differing) for one in (operator, other)
            )
            rows.append(
                MismatchRow(
                    position + 1,
                    f"{described(operator, ours)}; {here}",
                    other_position + 1,
                    f"{described(other, theirs)}; {there}",
                )
            )
    return rows
