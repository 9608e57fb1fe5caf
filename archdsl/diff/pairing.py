"""Which networks of two files are compared with each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archdsl.diff.difference import Difference, compare
from archdsl.ir.architecture import Architecture


class Paired(NamedTuple):
    """The differences of the networks that both files have, and the networks that only one has."""

    differences: tuple[Difference, ...]
    removed: tuple[Architecture, ...]
    added: tuple[Architecture, ...]

    @property
    def is_equal(self) -> bool:
        return not self.removed and not self.added and all(one.is_equal for one in self.differences)


def pair_networks(before: Sequence[Architecture], after: Sequence[Architecture], *, by_name: bool = False) -> Paired:
    """Networks go together by name; where each file has but one these do, unless it must be `by_name`."""
    if len(before) == len(after) == 1 and not by_name:
        return Paired((compare(before[0], after[0]),), (), ())
    named = {network.name: network for network in after}
    differences = [compare(network, named[network.name]) for network in before if network.name in named]
    known = {network.name for network in before}
    return Paired(
        tuple(differences),
        tuple(network for network in before if network.name not in named),
        tuple(network for network in after if network.name not in known),
    )


def pair_moved(gone: Sequence[Architecture], arrived: Sequence[Architecture]) -> Paired:
    """Networks that are gone from their files, with those of the same name that came to another: they have moved.

    What is in two files under one name is in neither the one that was meant for sure.
    """
    places: dict[str, list[Architecture]] = {}
    for network in arrived:
        places.setdefault(network.name, []).append(network)
    moved = [network for network in gone if len(places.get(network.name, ())) == 1]
    differences = tuple(compare(network, *places[network.name]) for network in moved)
    return Paired(differences, tuple(network for network in gone if network not in moved), ())
