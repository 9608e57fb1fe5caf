"""A model as a part of another one: `backbone = efficientnet.b0` gives a model the stem and the stages of that one.

Its maps are read by name, `backbone.stem`, `backbone.c4`, and a stage without a name by its number in the table, which
counts from 1: `backbone.stage3`; `backbone` is what the last stage puts out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from archdsl.diagnostics import Edit, Fix, Note, Span
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment, ModelDefinition
from archdsl.elaborate.resolve.errors import (
    FamilyAsPart,
    PartBesideStages,
    PartOfItself,
    PartOfPart,
    PartShared,
    SecondPart,
    UnknownMapOfPart,
)
from archdsl.elaborate.resolve.inheritance import ancestry, parameters_of
from archdsl.elaborate.resolve.labels import label
from archdsl.elaborate.resolve.meaning import meaning_of
from archdsl.elaborate.resolve.merge import Merged, divided, merge, reference_problems, variants
from archdsl.elaborate.resolve.stage_rows import StageRow
from archdsl.elaborate.resolve.words import LENGTH, OWN_FACTS, SETTINGS
from archdsl.language import tree

# What a stage without a name may be called by those who do not know: `s3`, `stage_3`, `stages3`, `stag3`.
_NUMBERED = r"s(?:t(?:a?g?e?s?)?)?_?0*(\d+)"
# What the name of a part stands for: its last map.
LAST = ""
# The bindings with a meaning, which no part is called.
_OTHER = frozenset({"input", "classes", "stem", "head", "objective", *SETTINGS})


class Part(Struct, frozen=True, eq=False):
    """A binding that makes another model a part of this one.

    `model` is that model by itself, without what `reference` gives to its parameters, for that speaks of the names of
    this model. `maps` are the rows that its maps come from, by the names that they have here; None is the stem.
    """

    binding: tree.Binding
    reference: tree.Reference
    base: ModelDefinition
    model: ModelDefinition
    environment: Environment
    maps: Mapping[str, StageRow | None]
    source: str | None = None  # the input that it sees, of several

    @property
    def name(self) -> str:
        return self.binding.name.text

    def row(self, map: str) -> int:
        """The number of the row that a map comes from, which counts from 1; 0 for the stem."""
        row = self.maps[map]
        return row.number if row is not None else 0


def reference_in(value: tree.Expression) -> tree.Reference | None:
    """The model that an expression names, if it has the form of that: `efficientnet.b4`, `base(width = 2)`."""
    arguments: tuple[tree.Argument, ...] = ()
    if isinstance(value, tree.Call):
        named, arguments = value.function, value.arguments
    else:
        named = value
    match named:
        case tree.Name(text=text):
            return tree.Reference(value.span, tree.Identifier(named.span, text), None, arguments)
        case tree.Fact(owner=tree.Name(text=text) as owner, name=variant):
            return tree.Reference(value.span, tree.Identifier(owner.span, text), variant, arguments)
    return None


def bindings_of_parts(
    bindings: Mapping[str, tuple[tree.Binding, Environment]],
    others: Mapping[str, object] | frozenset[str] = frozenset(),
    inputs: Collection[str] = (),
) -> Iterator[tuple[tree.Binding, tree.Reference, ModelDefinition, Environment]]:
    """The bindings that name a model, which neither a block is called nor a binding or one of `others`; behind one of
    several `inputs`, it sees that one."""
    for name, (binding, environment) in bindings.items():
        _, value = divided(binding.value, inputs)
        reference = reference_in(value) if name not in _OTHER and value is not None else None
        if reference is None:
            continue
        model = reference.name.text
        base = environment.part(model)
        is_bound = model != name and (model in bindings or model in others)
        if base is not None and not is_bound and meaning_of(model, environment) is None:
            yield binding, reference, base, environment


def part_of(merged: Merged) -> Part | None:
    """The part of a model, if it has one. Raises ElaborationError where that cannot be one."""
    found = list(bindings_of_parts(merged.bindings, merged.parameters, merged.inputs))
    if not found:
        return None
    binding, reference, base, environment = found[0]
    if len(found) > 1:
        notes = (Note("the first one", binding.name.span),)
        raise ElaborationError(SecondPart(merged.definition.name).at(found[1][0].name.span, notes=notes))
    if binding.is_shared:
        raise ElaborationError(PartShared(binding.name.text).at(binding.span))
    for wrong in reference_problems(reference, base, parameters_of(base)):
        raise ElaborationError(wrong)
    if merged.definition in ancestry(base):
        raise ElaborationError(PartOfItself(merged.definition.name).at(reference.span))
    labels = [variant.label for variant in variants(base) if variant.label is not None]
    if labels and reference.variant is None and not reference.arguments:
        family = FamilyAsPart(base.name, f"{base.name}.{labels[0]}", ", ".join(labels[:12]))
        raise ElaborationError(family.at(reference.name.span))
    plain = tree.Reference(reference.span, reference.name, reference.variant, ())
    model = tree.Model(reference.span, reference.name, (), plain, ())
    alone = Environment(environment.module, models={base.name: base})
    definition = ModelDefinition(model, alone)
    inner = merge(definition)
    if inner.inputs:
        raise ElaborationError(PartOfPart(base.name, "several inputs").at(reference.name.span))
    if (own := next(bindings_of_parts(inner.bindings, inner.parameters), None)) is not None:
        problem = PartOfPart(base.name, f"a part of its own, `{own[0].name.text}`")
        raise ElaborationError(problem.at(reference.name.span))
    _check_alone(merged, binding)
    source, _ = divided(binding.value, merged.inputs)
    return Part(binding, reference, base, definition, environment, maps_of(inner), source)


def _check_alone(merged: Merged, part: tree.Binding) -> None:
    """Refuses a stem or stages beside a part."""
    own: Span | None = None
    what = "stem"
    if "stem" in merged.bindings:
        own = merged.bindings["stem"][0].name.span
    elif "stem" in merged.parameters:
        own = merged.parameters["stem"][0].name.span
    elif merged.rows.rows:
        own, what = merged.rows.rows[0].span, "stages"
    if own is not None:
        notes = (Note("the part", part.name.span),)
        raise ElaborationError(PartBesideStages(part.name.text, what).at(own, notes=notes))


def maps_of(inner: Merged) -> dict[str, StageRow | None]:
    """The names that the maps of a model have where it is a part. Those of the table come first."""
    found: dict[str, StageRow | None] = {}
    if "stem" in inner.bindings or "stem" in inner.parameters:
        found["stem"] = None
    names = {name for row in inner.rows.rows if (name := _label(row)) is not None}
    for row in inner.rows.rows:
        name = _label(row) or f"stage{row.number}"
        if _label(row) is not None or name not in names:
            found[name] = row
    return found


def _label(row: StageRow) -> str | None:
    name = label(row.cells["name"][0]) if "name" in row.cells else None
    return name if name is not None and name.isidentifier() and name not in OWN_FACTS else None


_Node = TypeVar("_Node", bound=tree.Node)


class Inlined(Struct, frozen=True, eq=False):
    """A model that reads the maps of its part by names of their own.

    `maps` are the names that stand for `backbone.stage3` and so on, with those of the maps, and the part's own name,
    for the last one; `choices` the choices that have been written anew for that, each with what it stands for.
    """

    merged: Merged
    maps: Mapping[str, str]
    choices: Mapping[int, int]
    kept: tuple[tree.Node, ...]  # the choices go by their identity


def inlined(merged: Merged, part: Part) -> Inlined:
    """The model without the binding of its part. Raises ElaborationError for a map that the part does not have."""
    writer = _Writer(part, {*merged.bindings, *merged.parameters, "input", "in", "out"})
    bindings = {
        name: (writer.written(binding), environment)
        for name, (binding, environment) in merged.bindings.items()
        if name != part.name
    }
    outputs = merged.outputs
    if outputs is not None:
        outputs = writer.written(outputs[0]), outputs[1]
    whole = replace(merged, bindings=bindings, outputs=outputs)
    maps = dict(sorted(writer.maps.items(), key=lambda read: part.row(read[1])))
    return Inlined(whole, {part.name: LAST, **maps}, writer.choices, tuple(writer.kept))


class _Writer:
    """Writes `backbone.stage3` as a name."""

    def __init__(self, part: Part, taken: set[str]):
        self.part, self.taken = part, taken
        self.maps: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self.choices: dict[int, int] = {}
        self.kept: list[tree.Node] = []

    def written(self, node: _Node) -> _Node:
        """A statement, the same one where it reads no map of the part."""
        return cast("_Node", self._written(node))

    def _written(self, node: tree.Node) -> tree.Node:
        if isinstance(node, tree.Fact) and isinstance(node.owner, tree.Name) and node.owner.text == self.part.name:
            if node.name.text in self.part.maps:
                return tree.Name(node.span, self._name(node.name.text))
            check_map(node, self.part)
            return node
        fields = {}
        for field in node.__struct_fields__:
            value = getattr(node, field)
            if isinstance(value, tree.Node):
                made: object = self._written(value)
            elif isinstance(value, tuple) and any(isinstance(one, tree.Node) for one in value):
                made = tuple(self._written(one) if isinstance(one, tree.Node) else one for one in value)
                made = value if all(one is two for one, two in zip(made, value, strict=True)) else made
            else:
                continue
            if made is not value:
                fields[field] = made
        if not fields:
            return node
        whole = replace(node, **fields)
        if isinstance(node, tree.Choice):
            self.choices[id(whole)] = id(node)
            self.kept += [whole, node]
        return whole

    def _name(self, map: str) -> str:
        if map not in self._names:
            name = f"{self.part.name}_{map}"
            while name in self.taken:
                name += "_"
            self.taken.add(name)
            self._names[map], self.maps[name] = name, map
        return self._names[map]


def check_map(node: tree.Fact, part: Part) -> None:
    """Refuses a map that a part does not have; what every tensor knows, and what its text sets, is a fact of the last
    map. Raises ElaborationError."""
    name = node.name.text
    if name in (*OWN_FACTS, LENGTH) or name in part.environment.facts:
        return
    problem, span = UnknownMapOfPart(part.name, name, ", ".join([*part.maps][:12])), node.name.span
    numbered = re.fullmatch(_NUMBERED, name)
    if numbered is None:
        raise ElaborationError(problem.at(span).suggesting(name, part.maps))
    near = f"stage{numbered[1]}"
    if near not in part.maps:
        raise ElaborationError(problem.at(span))
    fix = Fix(f"replace `{name}` by `{near}`", (Edit(span, near),))
    raise ElaborationError(problem.at(span, help=f"did you mean `{near}`?", fix=fix))


def readable_part(merged: Merged) -> tuple[Merged, tuple[str, ...]]:
    """A model that reads the maps of its part by names of their own, and these names; a model without a part as it is.

    Raises ElaborationError."""
    part = part_of(merged)
    if part is None:
        return merged, ()
    whole = inlined(merged, part)
    return whole.merged, tuple(whole.maps)
