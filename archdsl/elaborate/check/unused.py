"""What is written and that nothing reads: the network is built as if it were not there, which is hardly what was meant.

A model reads what its own statements and those that it inherits say, so far as none of them has been replaced; what
models that extend it read counts as well. A name that begins with `_` is unused on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic
from archdsl.diagnostics.nearest import distance, is_slip, nearest
from archdsl.elaborate.check.errors import (
    NoClassifier,
    ReplacesNothing,
    SettingInBlock,
    UnusedBlock,
    UnusedFact,
    UnusedInheritedParameter,
    UnusedName,
    UnusedParameter,
    UnusedSetting,
)
from archdsl.elaborate.check.models import SPECIAL
from archdsl.elaborate.effort import Effort
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment, ModelDefinition
from archdsl.elaborate.resolve.inheritance import ancestry
from archdsl.elaborate.resolve.merge import Merged, merge
from archdsl.elaborate.resolve.parts import bindings_of_parts
from archdsl.elaborate.resolve.words import DECLARED, SETTINGS
from archdsl.elaborate.resolve.written import shown
from archdsl.language import tree
from archdsl.language.nodes import names_in, walk

# The bindings with a meaning that the compiler reads itself; `padding` for convolutions, which do not name it.
_READ = frozenset({"input", "padding", "stem", "head", "objective"})
# A statement with the file whose names it means.
_Written = tuple[tree.Node, Environment]


def check_unused(environment: Environment) -> list[Diagnostic]:
    """Warnings for the names that the file's own blocks and models bind and nothing reads."""
    found: list[Diagnostic] = []
    for item in environment.module.items:
        if isinstance(item, tree.Block):
            found += _in_block(item)
    effort = Effort()
    models: dict[int, _Reads] = {}
    try:
        for definition in environment.own_models:
            merged = merge(definition)
            effort.spend(merged.size, definition.model.name.span)
            models[id(definition)] = _Reads(merged)
    except (ElaborationError, RecursionError):
        return found  # a mistake that is reported elsewhere
    for definition in environment.own_models:
        reads = models[id(definition)]
        for ancestor in ancestry(definition)[1:]:
            if id(ancestor) in models:
                models[id(ancestor)].below.append(reads)
    for definition in environment.own_models:
        found += _in_model(definition, models[id(definition)])
    if models:  # a file of blocks alone is for others to use
        found += _unused_blocks(environment, models.values())
    return found


class _Reads:
    """What the statements of a model read, those that it inherits among them."""

    def __init__(self, merged: Merged):
        self.merged = merged
        self.below: list[_Reads] = []  # of the models that extend it
        statements = _names(node for node, _ in _statements(merged))
        self.names = statements | _names([*merged.requires])

    def has(self, name: str) -> bool:
        return name in self.names or any(name in other.names for other in self.below)

    def has_layer(self, name: str) -> bool:
        """Whether something that is built reads a name: not a claim, nor a binding that nothing reads in turn."""
        return any(name in reads.built for reads in (self, *self.below))

    def applies(self, name: str) -> bool:
        """Whether a setting is among the layers of the network."""
        return any(name in reads.applied.names for reads in (self, *self.below))

    def has_fact(self, name: str) -> bool:
        return any(name in reads.applied.facts for reads in (self, *self.below))

    @cached_property
    def built(self) -> set[str]:
        merged, found = self.merged, set[str]()
        values = {name: binding.value for name, (binding, _) in merged.bindings.items()}
        nodes: list[tree.Node] = [values[name] for name in values.keys() & set(SPECIAL)]
        nodes += [node for node, _ in _parts(merged)]
        while nodes:
            new = _names(nodes) - found
            found |= new
            nodes = [values[name] for name in new if name in values]
        return found

    @cached_property
    def applied(self) -> _Applied:
        """What is in the model's statements and in the blocks that it applies."""
        return _applied(_statements(self.merged))


def _statements(merged: Merged) -> Iterator[_Written]:
    """The values that make up a network."""
    yield from ((binding.value, environment) for binding, environment in merged.bindings.values())
    yield from _parts(merged)


def _parts(merged: Merged) -> Iterator[_Written]:
    """Those that have no name that another one could read, or, being parameters, may get their value from outside."""
    yield from ((fact.value, environment) for fact, environment in merged.facts)
    for parameter, environment in merged.parameters.values():
        if parameter.default is not None:
            yield parameter.default, environment
    for given in merged.given.values():
        yield given.node, given.environment
    for table in merged.definition.variants:
        yield from ((cell, merged.definition.environment) for row in table.table.rows for cell in row.cells)
    if merged.outputs is not None:
        outputs, environment = merged.outputs
        yield from ((binding.value, environment) for binding in outputs.bindings)
    if merged.scale is not None:
        scale, environment = merged.scale
        yield from ((binding.value, environment) for binding in scale.bindings)
    for row in merged.rows.rows:
        yield from (written for column, written in row.cells.items() if column != "name")


def _names(nodes: Iterable[tree.Node]) -> set[str]:
    return {name.text for name in names_in(*nodes)}


class _Applied(Struct, frozen=True):
    """The names and the facts in statements and in the blocks that these apply, and those blocks."""

    names: set[str]
    facts: set[str]
    blocks: list[tree.Block]


def _applied(statements: Iterable[_Written]) -> _Applied:
    names, facts = set[str](), set[str]()
    seen: dict[int, tree.Block] = {}
    ahead = list(statements)
    while ahead:
        root, environment = ahead.pop()
        for node in walk(root):
            if isinstance(node, tree.Fact):
                facts.add(node.name.text)
            if not isinstance(node, tree.Name):
                continue
            names.add(node.text)
            definition = environment.block(node.text)
            if definition is not None and id(definition) not in seen:
                seen[id(definition)] = definition.block
                ahead.append((definition.block, definition.environment))
    return _Applied(names, facts, [*seen.values()])


# Blocks --------------------------------------------------------------------------------------------------------------


def _in_block(block: tree.Block) -> Iterator[Diagnostic]:
    plain = [s for s in block.body if isinstance(s, tree.Binding) and s.fact is None]
    read = _names([block]) | {s.name.text for s in block.body if isinstance(s, tree.Binding) and s.fact is not None}
    if block.is_extern:  # its module is constructed with all parameters
        read |= {*DECLARED, *(parameter.name.text for parameter in block.parameters)}
    for parameter in block.parameters:
        if _is_unread(parameter.name, read):
            yield UnusedParameter(parameter.name.text, block.name.text).at(parameter.name.span)
    for binding in plain:
        name = binding.name.text
        if name != "out" and _is_unread(binding.name, read):
            yield (SettingInBlock if name in SETTINGS else UnusedName)(name).at(binding.name.span)


def _unused_blocks(environment: Environment, models: Iterable[_Reads]) -> Iterator[Diagnostic]:
    """Blocks that neither the file names nor its networks have, in the place of one of another file or the library."""
    items = environment.module.items
    applied = {id(block) for reads in models for block in reads.applied.blocks}
    library = environment.library.blocks if environment.library is not None else {}
    written = [model.environment for model in environment.models.values()]
    named = [(name, block) for file in written for name, block in file.blocks.items()]
    others = {name: block for name, block in named if block.environment is not environment}
    for block in items:
        if not isinstance(block, tree.Block) or id(block) in applied or block.name.text.startswith("_"):
            continue
        name = block.name.text
        if name in _names(item for item in items if item is not block):
            continue
        if meant := [known for known in library if _is_nearly(name, known) and name != known]:
            yield ReplacesNothing(name, meant[0], "the library").at(block.name.span)
        elif meant := nearest(name, others):
            whose = Path(others[meant[0]].block.span.source.name).name
            yield ReplacesNothing(name, meant[0], whose).at(block.name.span)
        else:
            yield UnusedBlock(name).at(block.name.span)


def _is_nearly(name: str, known: str) -> bool:
    """Whether a name is one letter away from another, or the same in another notation; a digit makes another name."""
    digits = [character for character in name if character.isdigit()]
    is_near = distance(name, known, 1) == 1 and digits == [character for character in known if character.isdigit()]
    return is_near or is_slip(name, known)


def _is_unread(name: tree.Identifier, read: set[str]) -> bool:
    return bool(name.text) and name.text not in read and not name.text.startswith("_")


# Models --------------------------------------------------------------------------------------------------------------


def _in_model(definition: ModelDefinition, reads: _Reads) -> Iterator[Diagnostic]:
    model, merged = definition.model, reads.merged
    own: dict[str, tuple[tree.Identifier, tree.Expression | None]] = {}
    for parameter in model.parameters:
        own[parameter.name.text] = (parameter.name, parameter.default)
    for statement in model.body:
        if isinstance(statement, tree.Binding) and statement.fact is None:
            if statement.name.text not in merged.inputs:  # one that nothing reads is an error
                own[statement.name.text] = (statement.name, statement.value)
        elif isinstance(statement, tree.Binding) and statement.fact is not None:
            yield from _fact(statement, statement.fact, reads)
    # What may have been meant: a binding with a meaning, or the inherited one that was to be replaced.
    inherited = {*merged.bindings, *merged.parameters}
    candidates = [name for name in {*SPECIAL, *inherited} if name not in own]
    for text, (name, value) in own.items():
        if text in _READ or text.startswith("_") or not text:
            continue
        if text == "classes":
            # One that is in a binding that nothing reads is not missing: that binding is what is wrong.
            misplaced = _names(node for key, (_, node) in own.items() if node and not reads.has(key) and key != "head")
            is_missing = not reads.has_layer("classes") and "classes" not in misplaced
            if is_missing and not _ends_in(value, merged):
                has_head = "head" in merged.bindings or "head" in merged.parameters
                yield NoClassifier(has_head).at(name.span)
        elif text in SETTINGS:
            if not reads.applies(text):
                yield UnusedSetting(text).at(name.span)
        elif not reads.has(text) and not _is_part(text, merged):
            from archdsl.elaborate.check.counterparts import counterpart  # late: in most files all is read

            help = counterpart(text, shown(value) if value is not None else None, candidates)
            yield _meant(UnusedName(text).at(name.span), text, candidates, help)
    yield from _given(definition, reads)


def _is_part(name: str, merged: Merged) -> bool:
    """Whether a binding is the part of a model: a head of layers reads what it puts out."""
    return any(
        part[0].name.text == name for part in bindings_of_parts(merged.bindings, merged.parameters, merged.inputs)
    )


def _meant(problem: Diagnostic, name: str, candidates: list[str], counterpart: str | None) -> Diagnostic:
    """The warning with what was meant, if that is known. To rename it changes the network, so it is not a fix."""
    if counterpart is not None:
        return replace(problem, help=counterpart)
    return problem.suggesting(name, candidates, can_fix=False)


def _fact(statement: tree.Binding, fact: tree.Identifier, reads: _Reads) -> Iterator[Diagnostic]:
    if not fact.text.startswith("_") and not reads.has_fact(fact.text):
        known = {name for other in (reads, *reads.below) for name in other.applied.facts}
        problem = UnusedFact(statement.name.text, fact.text).at(fact.span)
        yield _meant(problem, fact.text, sorted(known), None)


def _ends_in(classes: tree.Expression | None, merged: Merged) -> bool:
    """Whether the head has that number of classes without naming it: `classes = 10` and `linear(10)` agree."""
    head = merged.bindings.get("head")
    return classes is not None and head is not None and any(node == classes for node in walk(head[0].value))


def _given(definition: ModelDefinition, reads: _Reads) -> Iterator[Diagnostic]:
    """Values that a model gives to inherited parameters which only replaced statements read."""
    own = {parameter.name.text for parameter in definition.model.parameters}
    reference = definition.model.parent
    names = [argument.name for argument in reference.arguments if argument.name] if reference is not None else []
    names += [column for table in definition.variants for column in table.table.header if column.text != "name"]
    for name in names:
        if name.text in own or name.text in SPECIAL or not _is_unread(name, reads.names):
            continue
        if not reads.has(name.text):
            yield UnusedInheritedParameter(name.text, definition.name).at(name.span)
