"""The modules that the caller of a network brings, and which of its blocks are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archdsl.ir.body import Apply, BlockInstance
from archdsl.ir.description import Description
from archdsl.ir.operators.extern import Extern
from archdsl.ir.parts import applied, inside


def externs(description: Description) -> dict[str, list[Apply]]:
    """The names of the modules that a network needs, each with the layers that it is applied as, blocks seen once."""
    found: dict[str, list[Apply]] = {}
    own = (apply for section in (description.stem, description.head) if section for apply in applied(section.steps))
    inner = (apply for block in description.blocks.values() for apply in _inside(block))
    for applies in (own, (layer.apply for stage in description.stages for layer in stage.layers), inner):
        for apply in applies:
            if isinstance(apply.operator, Extern):
                found.setdefault(apply.operator.module, []).append(apply)
    return found


def externs_of_blocks(description: Description) -> dict[str, frozenset[str]]:
    """The names of the modules that each block instance needs, by its id; those of the blocks inside it, too."""
    found: dict[str, frozenset[str]] = {}

    def of(identity: str) -> frozenset[str]:
        if identity not in found:
            found[identity] = frozenset(_needed(_inside(description.blocks[identity])))
        return found[identity]

    def _needed(applies: Iterable[Apply]) -> Iterator[str]:
        for apply in applies:
            if isinstance(apply.operator, Extern):
                yield apply.operator.module
            elif apply.block is not None:
                yield from of(apply.block)

    return {identity: of(identity) for identity in description.blocks}


def _inside(block: BlockInstance) -> Iterator[Apply]:
    values = (binding.value for binding in block.body if binding.value is not None)
    return (part for value in values for part in inside(value) if isinstance(part, Apply))
