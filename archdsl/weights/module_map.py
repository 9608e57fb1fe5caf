"""The map between a network of ours and a module of anybody's, by what the two do, proven by their outputs."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import nn

from archdsl.diagnostics import Diagnostic, Failure, Note
from archdsl.diagnostics.codes import CANNOT_READ, NO_MAP, NOT_PROVEN
from archdsl.weights.key_map import KeyMap
from archdsl.weights.match import Matching, matchings, wired_differently
from archdsl.weights.mismatch import Mismatch, Row, described, side_by_side, unequal_operators
from archdsl.weights.pair import pairs_of
from archdsl.weights.proof import TOLERANCE, difference
from archdsl.weights.trace import Trace, trace

if TYPE_CHECKING:
    from archdsl.api import Network

_BATCH = 2
_SMALLEST = 32
_CAVEAT = (
    "outputs are equal where standardized weights are large; with fresh ones they differ by {:.1e} of the largest, for "
    "the two keep the standardization from dividing by zero in different ways"
)


def map_module(network: Network, module: nn.Module, origin: str) -> KeyMap:
    """The map between the keys of `network.build()` and those of `module`, which diagnostics call `origin`.

    Raises Mismatch when the two do not have the same operators in the same places, or put out different numbers on
    equal weights.
    """
    ours = network.build()
    our_trace, their_trace, size = _traces(network, ours, module, origin)
    images = torch.randn(_BATCH, network.architecture.input.channels, *size, generator=torch.Generator().manual_seed(0))
    best: tuple[float, Matching] | None = None
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
            # weights do not feel it, and prove the map.
            error_of_large = difference(ours, module, key_map, images, large)
            if error_of_large < TOLERANCE:
                return replace(key_map, error=error_of_large, caveat=_CAVEAT.format(error))
        if best is None or error < best[0]:
            best = error, matching
    if best is None:
        raise _unequal(network, origin, our_trace, their_trace)
    raise _unproven(network, origin, our_trace, their_trace, *best)


def _traces(network: Network, ours: nn.Module, theirs: nn.Module, origin: str) -> tuple[Trace, Trace, tuple[int, int]]:
    """Both at work on images of one size, and that size: the smallest on which both run, for the sake of the proof."""
    channels, height, width = network.architecture.input
    reason = ""
    for divisor in (4, 2, 1):
        size = height // divisor, width // divisor
        if divisor > 1 and min(size) < _SMALLEST:
            continue
        try:
            return trace(ours, channels, *size), trace(theirs, channels, *size), size
        except Exception as error:  # Anything can be wrong in a forward pass.
            reason = " ".join(str(error).split())
    message = f"{network.name} and {origin} do not both run on images of {channels} x {height} x {width}: {reason}"
    help_line = "try another --resolution"
    raise Failure([Diagnostic(CANNOT_READ, message, None, help=help_line)])


def _standardized(trace: Trace) -> set[str]:
    """The weights that are computed from several tensors, such as a weight and its gain: the largest of each."""
    return {
        max(keys, key=lambda key: prod(trace.shapes[key]))
        for operator in trace.operators
        for role, keys in operator.parts.items()
        if role == "weight" and len(keys) > 1
    }


def _unequal(network: Network, origin: str, ours: Trace, theirs: Trace) -> Mismatch:
    rows = unequal_operators(ours, theirs)
    message = f"{network.name} and {origin} do not have the same weights"
    notes = (Note(f"{len(ours.operators)} operators with weights here, {len(theirs.operators)} there"),)
    return Mismatch(Diagnostic(NO_MAP, message, None, notes=notes), rows)


def _unproven(network: Network, origin: str, ours: Trace, theirs: Trace, error: float, matching: Matching) -> Mismatch:
    """Says why outputs may differ: other wiring, else other constants, else what lies between the weights."""
    here, there = wired_differently(ours, theirs)
    rows = side_by_side(here, ours, there, theirs)
    notes = [Note(f"on equal random weights they differ by {error:.1e} of the largest output")]
    help_line = "what lies between the weights differs: compare pooling, padding, factors and additions"
    if rows:
        notes.append(Note(f"{len(rows)} operators get other results or give theirs to others"))
        help_line = "compare the branches and additions around the operators of the table"
    elif rows := _other_constants(ours, theirs, matching):
        notes.append(Note(f"{len(rows)} operators have other constants or come after other activations"))
        help_line = "give the specification what the table says of the other side, or take weights of another model"
    message = f"the weights of {network.name} and {origin} correspond, their outputs do not"
    return Mismatch(Diagnostic(NOT_PROVEN, message, None, notes=tuple(notes), help=help_line), rows)


def _other_constants(ours: Trace, theirs: Trace, matching: Matching) -> list[Row]:
    """The operators whose stride, dilation, groups or epsilon differ, or the activations before them."""
    rows: list[Row] = []
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
                Row(
                    position + 1,
                    f"{described(operator, ours)}; {here}",
                    other_position + 1,
                    f"{described(other, theirs)}; {there}",
                )
            )
    return rows
