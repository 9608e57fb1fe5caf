"""Many instances of one thing as one Python class: which values are literals, which are computed, which are arguments.

A `ModuleBuilder` sees all instances of a block (or all variants of a model) at once. For an attribute of one of its
layers it has one value per instance, and perhaps the formula that gave them. The source of the attribute is, in this
order: the literal, when all instances agree; the formula, when it holds for all; the name of a scalar that always has
the value; a constructor argument made for it.

The language has one kind of number, Python has two: where the value is an integer, so is what the source gives
(`int(channels / 2)`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archdsl.backends.pytorch.formulas import Value, same, spell, value_of
from archdsl.backends.pytorch.nodes import Code, Given, Item, call, value_node
from archdsl.ir.base import Scalar, Size
from archdsl.ir.formula import Conditional, Constant, Expression, Name, Tuple, constant, names, parse
from archdsl.ir.functions import as_whole
from archdsl.ir.names import identifier

# Never literals: a network can be built for other images and classes, and a block is written for any channels.
_OPEN = ("in_channels", "channels", "classes")
# What loops over stages reckon with, whichever way a cell says it: 16 * 0.5 channels are 8.
_COUNTED = ("channels", "stride")


# Of bindings that speak of one another.
_LONG_ROW = 50


class At(int):
    """The number of an instance, in one round of a loop: `number`, which the constructor calls `index`. `variables` are
    the loop's."""

    index: str
    number: int
    variables: dict[str, Value]

    def __new__(cls, instance: int, index: str, number: int, variables: dict[str, Value]) -> At:
        made = super().__new__(cls, instance)
        made.index, made.number, made.variables = index, number, variables
        return made


class Unmergeable(Exception):  # noqa: N818 - makes the grouping try finer groups
    """These instances do not fit into one class."""


@dataclass
class ModuleBuilder:
    """The constructor of a class in the making."""

    scalars: list[dict[str, Value]]  # of each instance: facts of its input, parameters, bindings
    formulas: list[dict[str, Expression]]  # of each instance: how its bindings were computed
    declared: tuple[str, ...]  # the parameters of the block, in their order
    arguments: dict[str, list[Value]] = field(default_factory=dict)  # of the constructor, with each instance's value
    assigned: dict[str, Expression] = field(default_factory=dict)  # local scalars of the constructor
    taken: set[str] = field(default_factory=set)
    # How locals were computed that the constructor has of its own.
    made: dict[str, Expression] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _open: dict[Expression, bool] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    # The variables of the loops around what is being written.
    variables: dict[str, Expression | None] = field(default_factory=dict)
    # The arguments that construct modules which the caller brings, by the names of these in the text.
    externs: Mapping[str, str] = field(default_factory=dict)
    # The parameters that follow the number of classes: like channels, they are never literals.
    followers: frozenset[str] = frozenset()
    # The one formula that all instances have of a scalar, of those that were asked for.
    _shared: dict[str, Expression | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.taken |= {*self.externs.values()}
        for name in _COUNTED:
            self._make_whole(name)

    def values(self, name: str) -> list[Value] | None:
        """A scalar's value in each instance; None when some have none of that name."""
        if name in self.arguments:
            return self.arguments[name]
        found = [scalars[name] for scalars in self.scalars if name in scalars]
        return found if len(found) == len(self.scalars) else None

    def source(
        self, seen: Sequence[tuple[int, Value]], formulas: Iterable[Expression | None], hint: str, is_count: bool = True
    ) -> Expression:
        """Source for an attribute. Raises Unmergeable when it varies within one instance beyond any formula.

        Where the values are integers, so is what the source gives, unless it `is_count` of nothing.
        """
        first = seen[0][1]
        formula = _common(formulas)
        is_settled = all(same(value, first) for _, value in seen)
        if formula is not None and (not is_settled or self._is_open(formula)):
            made = self._formula(formula, seen)
            if made is not None:
                return self.whole(made, seen) if is_count else made
        if is_settled:
            return value_node(first)
        matching = self.matching(seen)
        if matching is None:
            return self._argument(seen, hint)
        return self.whole(matching, seen) if is_count else matching

    def chosen(self, seen: Sequence[tuple[int, Value]], formulas: Iterable[Expression | None]) -> Expression:
        """Source for the number of a value in a list: in a loop, as its formula says it."""
        formula = _common(formulas)
        made = self._formula(formula, seen) if formula is not None and names(formula) & self.variables.keys() else None
        return made or self.source(seen, [formula], "index")

    def condition(
        self, seen: Sequence[tuple[int, bool]], formulas: Iterable[Expression | None], hint: str
    ) -> Expression:
        """The same for a condition, where a formula such as `se` holds when it is true of the right instances."""
        formula = _common(formulas)
        made = self._formula(formula, seen, bool) if formula is not None else None
        return made or self.source(seen, [], hint)

    def matching(self, seen: Sequence[tuple[int, Value]], among: Collection[str] | None = None) -> Expression | None:
        """The name of a scalar that has these values: a binding before a parameter before a fact of the input."""
        for name in self.variables if among is None else ():
            if all(isinstance(at, At) and at.index != name and same(at.variables.get(name), v) for at, v in seen):
                return Name(name)
        candidates = [name for name in reversed(self.scalars[0]) if name not in ("in_height", "in_width")]
        candidates.sort(key=lambda name: name.startswith("in_"))
        for name in [*candidates, *self.arguments]:
            vector = self.values(name)
            if among is not None and name not in among:
                continue
            if vector is not None and all(same(vector[index], value) for index, value in seen):
                return self._use(name)
        return None

    def gives(self, node: Expression, seen: Sequence[tuple[int, Value]]) -> bool:
        """Whether an expression has these values, as far as that can be told: it may speak of what is no scalar."""
        found = [(self._value(node, index), value) for index, value in seen]
        return all(given is None or same(given, value) for given, value in found)

    # Integers --------------------------------------------------------------------------------------------------------

    def whole(self, node: Expression, seen: Sequence[tuple[int, Value]]) -> Expression:
        """The expression of these values, such that it gives integers where they are integers."""
        wanted = [index for index, value in seen if isinstance(value, int | Size) and not isinstance(value, bool)]
        return node if len(wanted) < len(seen) else self._whole(node, wanted)

    def _whole(self, node: Expression, indices: Sequence[int]) -> Expression:
        given = [self._value(node, index) for index in indices]
        if not any(isinstance(side, float) for value in given for side in _sides(value)):
            return node
        match node:
            case Name(name) if self._make_whole(name):
                return node
            case Constant(float() as value) if value.is_integer():
                return constant(int(value))
            case Tuple(sides):
                return Tuple(tuple(self._whole(side, indices) for side in sides))
            case Conditional(test, chosen, otherwise) if any(isinstance(value, tuple) for value in given):
                return Conditional(test, self._whole(chosen, indices), self._whole(otherwise, indices))
        return call("int", node)

    def _make_whole(self, name: str) -> bool:
        """Makes a scalar an integer in every instance, and says whether it can be one."""
        vector = self.values(name)
        numbers = vector and [as_whole(value) for value in vector]
        if not numbers or not all(type(number) is int for number in numbers):
            return False
        for scalars, number in zip(self.scalars, numbers, strict=True):
            if name in scalars:
                scalars[name] = number
        if name in self.arguments:
            self.arguments[name] = list(numbers)
        if name in self.assigned:
            self.assigned[name] = self._whole(self.assigned[name], range(len(numbers)))
        return True

    def _value(self, node: Expression, index: int) -> Any:
        """What an expression gives in an instance; None when it speaks of what is no scalar."""
        return value_of(node, {**self._scalars(index), **self.arguments_of(index)})

    def _scalars(self, index: int) -> dict[str, Value]:
        """The scalars of an instance, with the variables of the loop where it is at a round of one."""
        scalars = self.scalars[index]
        return {**scalars, **index.variables} if isinstance(index, At) else scalars

    def arguments_of(self, index: int) -> dict[str, Value]:
        """The values of the constructor's arguments in an instance."""
        return {name: vector[index] for name, vector in self.arguments.items()}

    def _formula(
        self, formula: Expression, seen: Sequence[tuple[int, Value]], of: Callable[[Value], Value] = lambda value: value
    ) -> Expression | None:
        """The formula as source, if what that gives is right for all instances."""
        used = {name: self.values(name) for name in sorted(names(formula)) if name not in self.variables}
        if None in used.values():
            return None
        made = spell(formula, {name: vector[0] for name, vector in used.items() if vector and self._is_settled(name)})
        if not all(same(of(value_of(made, self._scalars(index))), value) for index, value in seen):
            return None
        for name in sorted(names(made)):
            self._use(name)
        return made

    def _is_open(self, formula: Expression) -> bool:
        """Whether a formula says something of channels."""
        if formula not in self._open:
            found = self._behind(formula, lambda name: Name(name) in self._open)
            self._open[formula] = any(
                name in _OPEN or name in self.followers or self._open.get(Name(name), False) for name in found
            )
        return self._open[formula]

    def _behind(self, formula: Expression, is_known: Callable[[str], bool] = lambda name: False) -> set[str]:
        """The names that a formula speaks of, and those that the formulas of these speak of, but for those known."""
        found: set[str] = set()
        waiting = list(names(formula))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                inner = None if is_known(name) else self._formula_of(name)
                waiting += names(inner) if inner is not None else ()
        return found

    def roots(self, formula: Expression | None) -> set[str]:
        """The arguments of the block that a formula comes down to: `in_channels` where that cannot be told."""
        if formula is None:
            return {"in_channels"}
        found = self._behind(formula)
        if any(name in self.scalars[0] and not self._is_given(name) and not self._formula_of(name) for name in found):
            return {"in_channels"}
        return {
            name for name in found if name == "in_channels" or (name in self.declared and not self._formula_of(name))
        }

    @property
    def fixed(self) -> set[str]:
        """What the parameters that only some instances are given follow from: with others, they would not."""
        partial = [name for name in self.declared if self._formula_of(name) is None]
        found = {formulas[name] for name in partial for formulas in self.formulas if name in formulas}
        return set[str]().union(*map(self.roots, found))

    def _is_given(self, name: str) -> bool:
        """Whether a scalar is a parameter of the block or a fact of its input."""
        return name in self.declared or name.startswith("in_")

    def _is_settled(self, name: str) -> bool:
        """Whether a scalar is a literal wherever it is used."""
        vector = self.values(name)
        if vector is None or name in self.arguments or name in self.assigned or self._is_open(Name(name)):
            return False
        return all(same(value, vector[0]) for value in vector)

    def _formula_of(self, name: str) -> Expression | None:
        """How a binding is computed, or a parameter that no instance is given."""
        if name in self.made or name in self.variables:
            return self.made.get(name) or self.variables.get(name)
        if self._is_given(name) and name not in self.declared:
            return None
        if name not in self._shared:
            self._shared[name] = _common(formula.get(name) for formula in self.formulas)
        return self._shared[name]

    def _use(self, name: str) -> Expression | None:
        """What the constructor reads a scalar: a literal, a local, or an argument that it now has."""
        if name in self.arguments or name in self.assigned or name in self.variables:
            return Name(name)
        vector = self.values(name)
        if vector is None:
            return None
        if self._is_settled(name):
            return value_node(vector[0])
        formula = self._formula_of(name)
        if formula is not None:
            before = self._behind(formula, self._used.__contains__)
            if len(before) > _LONG_ROW:  # in their order, so that none waits for all others
                for inner in [inner for inner in self.scalars[0] if inner in before]:
                    self._use(inner)
        self._used.add(name)
        made = self._formula(formula, list(enumerate(vector))) if formula is not None else None
        if made is None:
            self.arguments[name] = vector
        else:
            self.assigned[name] = made
        return Name(name)

    def local(self, hint: str, node: Expression) -> Name | None:
        """A local of the constructor with this value; None where that speaks of what is no scalar."""
        values = [self._value(node, index) for index in self._all]
        if None in values:
            return None
        name = self._new(hint)
        self.assigned[name] = self.made[name] = node
        for scalars, value in zip(self.scalars, values, strict=True):
            scalars[name] = value
        return Name(name)

    @property
    def _all(self) -> range:
        return range(len(self.scalars))

    @property
    def written(self) -> list[Any]:
        """What has come of writing so far, which may be taken back."""
        return [self.arguments, self.assigned, self.made, self._used, self._numbers]

    def take(self, name: str) -> Name:
        """A scalar as an argument, whatever its values."""
        vector = self.values(name)
        if vector is None:
            raise LookupError(f"not every instance has `{name}`")
        self.arguments.setdefault(name, vector)
        return Name(name)

    def given(self, argument: str) -> Name:
        """An argument that constructs a module, which the caller of the network brings."""
        self.arguments.setdefault(argument, [Given(Name(argument))] * len(self.scalars))
        return Name(argument)

    def _by_round(self, seen: Sequence[tuple[int, Value]], hint: str) -> Expression:
        """An argument that has a value for each round of a loop."""
        found: dict[int, dict[int, Scalar]] = {}
        index = ""
        for at, value in seen:
            if not isinstance(at, At) or isinstance(value, Code | tuple):
                raise Unmergeable(hint)
            index = at.index
            if not same(found.setdefault(at, {}).setdefault(at.number, value), value):
                raise Unmergeable(hint)
        lists = [found.get(instance, {}) for instance in self._all]
        values: list[Value] = [
            tuple(rounds.get(number, next(iter(rounds.values()))) for number in range(max(rounds, default=-1) + 1))
            for rounds in lists
        ]
        known = [name for name, vector in self.arguments.items() if vector == values]
        name = known[0] if known else self._new(hint if hint.endswith("s") else f"{hint}s")
        self.arguments[name] = values
        return Item(Name(name), Name(index))

    def _argument(self, seen: Sequence[tuple[int, Value]], hint: str) -> Expression:
        by_instance: dict[int, Value] = {}
        for index, value in seen:
            index = int(index)
            if index in by_instance and not same(by_instance[index], value):
                return self._by_round(seen, hint)
            by_instance[index] = value
        absent = seen[0][1]
        name = self._new(hint)
        self.arguments[name] = [by_instance.get(index, absent) for index in self._all]
        return Name(name)

    def _new(self, hint: str) -> str:
        """A name that the constructor has no use for yet."""
        hint = identifier(hint)
        name, number = hint, self._numbers.get(hint, 1)
        while name in self.arguments or name in self.assigned or name in self.scalars[0] or name in self.taken:
            number += 1
            name = f"{hint}_{number}"
        self._numbers[hint] = number
        return name

    def argument_order(self) -> list[str]:
        """Channels first, then declared parameters in their order, then what was made up, drop path last."""

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


def formulas_of(texts: Iterable[str | None]) -> list[Expression | None]:
    """The formulas of an architecture as nodes."""
    return [parse(text) if text is not None else None for text in texts]


def _common(formulas: Iterable[Expression | None]) -> Expression | None:
    """The one formula that all have."""
    distinct = set(formulas)
    return distinct.pop() if len(distinct) == 1 else None


def _sides(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple) else (value,)


def annotation(values: Sequence[Value]) -> str:
    """The Python type of an argument with these values."""
    lists = [value for value in values if isinstance(value, tuple) and not isinstance(value, Size)]
    if lists:
        elements: list[Value] = [element for value in lists for element in value]
        text = f"tuple[{annotation(elements) if elements else 'int'}, ...]"
        others = [value for value in values if isinstance(value, Size) or not isinstance(value, tuple)]
        return f"{annotation(others)} | {text}" if others else text
    kinds = {Code if isinstance(value, Code) else type(value) for value in values}
    texts = [text for kind, text in ((Size, "tuple[int, int]"), (type(None), "None")) if kind in kinds]
    is_size = Size in kinds
    kinds -= {Size, type(None)}
    if Code in kinds:
        kinds.remove(Code)
        codes = [value for value in values if isinstance(value, Code)]
        is_class = all(isinstance(code.expression, Name) and not isinstance(code, Given) for code in codes)
        texts.insert(0, "type[nn.Module]" if is_class else "Callable[..., nn.Module]")
        is_size = True
    if is_size and not kinds:
        return " | ".join(texts)
    if kinds <= {bool} and kinds:
        text = "bool"
    elif kinds <= {int, bool}:
        text = "int"
    elif kinds <= {int, float, bool}:
        text = "float"
    else:
        text = "str"
    return " | ".join([text, *texts])
