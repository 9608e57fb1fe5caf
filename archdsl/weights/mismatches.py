"""What did not match: an error with a table, ours on the left and theirs on the right."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, DiagnosticError
from archdsl.diagnostics.render import printable
from archdsl.weights.key_map import FORMAT_VERSION, KeyMap
from archdsl.weights.matching import signature
from archdsl.weights.trace import Trace, TracedOperator

# Longer sequences are compared up to here; what differs further down hardly matters.
_LONGEST = 3000
# With which a help line begins that names options of `archdsl weights map`.
_OPTIONS = ("--skip ", "--part ")


@dataclass(frozen=True)
class MismatchRow:
    """What stands at one position, counted from 1, on each side; empty where a side has nothing."""

    our_position: int | None
    ours: str
    their_position: int | None
    theirs: str


class MismatchError(DiagnosticError):
    """Weights that do not fit a network. `rows` is the table of what did not match.

    `sides` are the names of both sides where they are others than the network's and the origin's. `refused` is the map
    where the weights have one that the outputs do not prove.
    """

    def __init__(
        self,
        diagnostic: Diagnostic,
        rows: Sequence[MismatchRow] = (),
        sides: tuple[str, str] | None = None,
        refused: KeyMap | None = None,
    ):
        super().__init__([diagnostic])
        self.rows = tuple(rows)
        self.sides = sides
        self.refused = refused

    def elsewhere(self) -> MismatchError:
        """The same for a command that takes weights whole: its help names the one that carries over a part of them."""
        diagnostic = self.diagnostics[0]
        if diagnostic.help is None or not diagnostic.help.startswith(_OPTIONS):
            return self
        help = f"write a file that fits by `archdsl weights map`, where {diagnostic.help}"
        return MismatchError(replace(diagnostic, help=help), self.rows, self.sides, self.refused)

    def as_json(self, network: str, origin: str) -> dict[str, Any]:
        """A JSON object: what was compared, why it does not match, and the rows of the table."""
        return {
            "format_version": FORMAT_VERSION,
            "network": network,
            "from": origin,
            "problem": self.diagnostics[0].message,
            "help": self.diagnostics[0].help,
            "mismatches": [
                {
                    "our_position": row.our_position,
                    "ours": row.ours,
                    "their_position": row.their_position,
                    "theirs": row.theirs,
                }
                for row in self.rows
            ],
        }


def unequal_operators(ours: Trace, theirs: Trace) -> list[MismatchRow]:
    """The operators that are missing on the other side, each beside what it has in their place."""
    return unequal(
        [(signature(operator, ours.shapes), described(operator, ours)) for operator in ours.operators],
        [(signature(operator, theirs.shapes), described(operator, theirs)) for operator in theirs.operators],
    )


def unequal(ours: Sequence[tuple[Hashable, str]], theirs: Sequence[tuple[Hashable, str]]) -> list[MismatchRow]:
    """Where two sequences of things, each with its description, are not the same."""
    ours, theirs = ours[:_LONGEST], theirs[:_LONGEST]
    differ = SequenceMatcher(None, [thing for thing, _ in ours], [thing for thing, _ in theirs], autojunk=False)
    rows: list[MismatchRow] = []
    for tag, start, end, their_start, their_end in differ.get_opcodes():
        if tag != "equal":
            here = [(position + 1, ours[position][1]) for position in range(start, end)]
            there = [(position + 1, theirs[position][1]) for position in range(their_start, their_end)]
            rows += [MismatchRow(*one, *other) for one, other in zip_longest(here, there, fillvalue=(None, ""))]
    return rows


def side_by_side(
    ours: Sequence[TracedOperator], our_trace: Trace, theirs: Sequence[TracedOperator], their_trace: Trace
) -> list[MismatchRow]:
    """Operators that are wired differently, with how many results each of them depends on."""
    here = [(operator.position + 1, _wired(operator, our_trace)) for operator in ours]
    there = [(operator.position + 1, _wired(operator, their_trace)) for operator in theirs]
    return [MismatchRow(*one, *other) for one, other in zip_longest(here, there, fillvalue=(None, ""))]


def described(operator: TracedOperator, trace: Trace) -> str:
    """`stem.norm: batch_norm 32`, `head.conv: convolution 64 x 32 x 1 x 1 + bias 64`."""
    parts = {role: " and ".join(sizes(trace.shapes[key]) for key in keys) for role, keys in operator.parts.items()}
    if operator.kind == "batch_norm":
        shapes = next(iter(parts.values()))
    else:
        shapes = " + ".join(
            shape if role in ("weight", "operand") else f"{role} {shape}" for role, shape in _heavy(parts)
        )
    name = operator.name if len(operator.keys) > 1 else operator.keys[0]
    return f"{printable(name)}: {operator.kind} {shapes}"


def sizes(shape: tuple[int, ...]) -> str:
    """`64 x 3 x 7 x 7`; 1 for a single number."""
    return " x ".join(map(str, shape)) or "1"


def _heavy(parts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Weights before what is added to them."""
    return sorted(parts.items(), key=lambda part: part[0] != "weight")


def _wired(operator: TracedOperator, trace: Trace) -> str:
    """The description with the operators before and after."""
    return f"{described(operator, trace)}; from {len(operator.sources)}, to {trace.graph.out_degree(operator.position)}"
