"""Many instances of one thing as one Python class: which values are literals, which are computed, which are arguments.

A `ModuleBuilder` sees all instances of a block (or all variants of a model) at once. For an attribute of one of its
layers it has one value per instance, and perhaps the formula that gave them. The text for the attribute is, in this
order: the literal, when all instances agree; the formula, when it holds for all; the name of a scalar that always has
the value; a constructor argument made for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archdsl.backends.pytorch.texts import Value, literal, same, spell, value_of
from archdsl.ir.formula import identifier, names



class Unmergeable(Exception):  # noqa: N818 - tells the grouping to try finer groups
    """These instances do not fit into one class."""


@dataclass
class ModuleBuilder:
    """The constructor of a class in the making."""

    scalars: list[dict[str, Value]]  # of each instance: facts of its input, parameters, bindings
    formulas: list[dict[str, str]]  # of each instance: how its bindings were computed
    declared: tuple[str, ...]  # the parameters of the block, in their order
    arguments: dict[str, list[Value]] = field(default_factory=dict)  # of the constructor, with each instance's value
    assigned: dict[str, str] = field(default_factory=dict)  # local scalars of the constructor, with their texts
    helpers: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)

    def values(self, name: str) -> list[Value] | None:
        """A scalar's value in each instance; None when some have none of that name."""
        if name in self.arguments:
            return self.arguments[name]
        found = [scalars[name] for scalars in self.scalars if name in scalars]
        return found if len(found) == len(self.scalars) else None

    def text(self, seen: Sequence[tuple[int, Value]], formulas: Iterable[str | None], hint: str) -> str:
        """Python source for an attribute. Raises Unmergeable when it varies within one instance beyond any formula."""
        first = seen[0][1]
        if all(same(value, first) for _, value in seen):
            return literal(first)
        distinct = set(formulas)
        if len(distinct) == 1 and (formula := distinct.pop()) is not None:
            text = self._formula(formula, seen)
            if text is not None:
                return text
        return self.matching(seen) or self._argument(seen, hint)

    def matching(self, seen: Sequence[tuple[int, Value]]) -> str | None:
        """The name of a scalar that has these values: a binding before a parameter before a fact of the input."""
        known = self.scalars[0]
        for name in [*reversed([n for n in known if not n.startswith("in_")]), *(n for n in known if n.startswith("in_"))]:
            vector = self.values(name)
            if vector is not None and all(same(vector[index], value) for index, value in seen) and self._use(name):
                return self._use(name)
        for name, vector in self.arguments.items():
            if all(same(vector[index], value) for index, value in seen):
                return name
        return None

    def _formula(self, formula: str, seen: Sequence[tuple[int, Value]]) -> str | None:
        used = names(formula)
        if any(self.values(name) is None for name in used):
            return None
        if not all(same(value_of(formula, self._scalars_of(index)), value) for index, value in seen):
            return None
        known: dict[str, Value] = {}
        for name in sorted(used):
            text = self._use(name)
            if text is None:
                return None
            if text != name:
                vector = self.values(name)
                assert vector is not None
                known[name] = vector[0]
        text = spell(formula, known)
        if "divisible(" in text:
            self.helpers.add("divisible")
        return text

    def _scalars_of(self, index: int) -> Mapping[str, Value]:
        return {**self.scalars[index], **{name: vector[index] for name, vector in self.arguments.items()}}

    def _use(self, name: str) -> str | None:
        """The text by which the constructor reads a scalar: a literal, a local, or an argument that it now has."""
        if name in self.arguments or name in self.assigned:
            return name
        vector = self.values(name)
        if vector is None:
            return None
        if name != "in_channels" and all(same(value, vector[0]) for value in vector):
            return literal(vector[0])
        if name in self.declared or name.startswith("in_"):
            self.arguments[name] = vector
            return name
        formulas = {formula.get(name) for formula in self.formulas}
        formula = formulas.pop() if len(formulas) == 1 else None
        text = self._formula(formula, list(enumerate(vector))) if formula is not None else None
        if text is None:
            self.arguments[name] = vector
        else:
            self.assigned[name] = text
        return name

    def input_channels(self) -> str:
        """`in_channels` as an argument: never a literal, so that a network can be built for other images."""
        name = self._use("in_channels")
        assert name is not None
        return name

    def _argument(self, seen: Sequence[tuple[int, Value]], hint: str) -> str:
        by_instance: dict[int, Value] = {}
        for index, value in seen:
            if index in by_instance and not same(by_instance[index], value):
                raise Unmergeable(hint)
            by_instance[index] = value
        absent = seen[0][1]
        hint = identifier(hint)
        name, number = hint, 1
        while name in self.arguments or name in self.assigned or name in self.scalars[0] or name in self.taken:
            number += 1
            name = f"{hint}_{number}"
        self.arguments[name] = [by_instance.get(index, absent) for index in range(len(self.scalars))]
        return name

    def argument_order(self) -> list[str]:
        """The input's channels first, then declared parameters in their order, then what was made up, drop path last."""

        def rank(name: str) -> tuple[int, int]:
            if name == "in_channels":
                return (0, 0)
            if name == "drop_path":
                return (4, 0)
            if name in self.declared:
                # Channels come next to the input's, as everywhere in PyTorch.
                return (1, 0) if name == "channels" else (2, self.declared.index(name))
            return (3, list(self.arguments).index(name))

        return sorted(self.arguments, key=rank)


def annotation(values: Sequence[Value]) -> str:
    """The Python type of an argument with these values."""
    kinds = {type(value) for value in values}
    optional = type(None) in kinds
    kinds.discard(type(None))
    if kinds <= {bool} and kinds:
        text = "bool"
    elif kinds <= {int, bool}:
        text = "int"
    elif kinds <= {int, float, bool}:
        text = "float"
    else:
        text = "str"
    return f"{text} | None" if optional else text
