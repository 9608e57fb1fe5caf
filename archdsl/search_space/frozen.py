"""A network of a space as text of the language: the file of the space with each choice replaced by what was taken."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from archdsl.diagnostics import DiagnosticError, Edit, Source, Span
from archdsl.diagnostics.render import printable
from archdsl.elaborate.evaluate.arithmetic import scalar
from archdsl.elaborate.evaluate.values import Decisions
from archdsl.folders import shipped
from archdsl.language import tree
from archdsl.language.literals import string
from archdsl.language.nodes import children
from archdsl.search_space.choices import Choice
from archdsl.search_space.errors import ChoiceInOtherFile
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space

# What needs no parentheses, whatever stands around it.
_CLOSED = (tree.Literal, tree.Name, tree.Fact, tree.Call, tree.Composite)
_ARITHMETIC = (tree.Literal, tree.Unary, tree.Binary, tree.Choice)


def frozen(space: Space, sample: Sample, target: Path, lineage: Sequence[str] = ()) -> str:
    """The text of a file `target`, which need not be there; lines of `lineage` end the doc comment of its model.

    Where the model has no variants, the counts of the network are claimed. Raises DiagnosticError where a choice
    stands in another file than the space, whose text would have to change.
    """
    decisions = space.decisions(sample)
    module = space.model.variant.definition.environment.module
    for choice in elsewhere(space):
        if id(choice.node) in decisions:
            raise DiagnosticError([ChoiceInOtherFile(choice.place, str(choice.node.span)).at(None)])
    edits = [edit for item in module.items for edit in _decided(item, decisions)]
    edits += [*_uses(module, target), *_input(space, sample), *_claims(space, sample), *_lineage(space, lineage)]
    text = _edited(space.source.text, 0, edits)
    heading = f"# Network {sample.index} of the space `{space.name}`."
    return f"{heading}\n{text}"


def elsewhere(space: Space) -> list[Choice]:
    """The choices of a space that stand in another file than it does."""
    return [choice for choice in space.model.choices if choice.node.span.source is not space.source]


def _edited(text: str, start: int, edits: list[Edit]) -> str:
    """A piece of a source that begins at `start`, with edits made that do not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start - start] + edit.text + text[edit.span.end - start :]
    return text


def _decided(node: tree.Node, decisions: Decisions) -> Iterator[Edit]:
    """The edits that put what was taken in the place of the choices inside a node, and sums where only numbers are."""
    if isinstance(node, tree.Choice):
        if id(node) in decisions:
            yield Edit(node.span, _taken(node, decisions))
        return
    if isinstance(node, tree.Binary | tree.Unary) and _is_arithmetic(node, decisions):
        yield Edit(node.span, _number(scalar(Source("", _text(node, decisions)))))
        return
    for child in children(node):
        yield from _decided(child, decisions)


def _number(value: object) -> str:
    """A computed value as the language writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _text(node: tree.Node, decisions: Decisions) -> str:
    edits = [edit for child in children(node) for edit in _plainly(child, decisions)]
    return _edited(node.span.text, node.span.start, edits)


def _plainly(node: tree.Node, decisions: Decisions) -> Iterator[Edit]:
    """`_decided`, with nothing computed."""
    if isinstance(node, tree.Choice):
        yield Edit(node.span, _taken(node, decisions))
        return
    for child in children(node):
        yield from _plainly(child, decisions)


def _taken(node: tree.Choice, decisions: Decisions) -> str:
    """The text of the option that was taken, as an operand of whatever stands around it."""
    option = node.options[decisions[id(node)]]
    if isinstance(option, tree.Choice):
        return _taken(option, decisions)
    text = _text(option, decisions)
    return text if isinstance(option, _CLOSED) else f"({text})"


def _is_arithmetic(node: tree.Node, decisions: Decisions) -> bool:
    """Whether a node has a decided choice in it, and nothing but numbers besides."""
    inside, has_choice = [node], False
    while inside:
        one = inside.pop()
        if isinstance(one, tree.Choice):
            if id(one) not in decisions:
                return False
            has_choice = True
            inside.append(one.options[decisions[id(one)]])
        elif isinstance(one, tree.Literal):
            if isinstance(one.value, bool) or not isinstance(one.value, int | float):
                return False
        elif isinstance(one, _ARITHMETIC):
            inside += children(one)
        else:
            return False
    return has_choice


def _uses(module: tree.Module, target: Path) -> Iterator[Edit]:
    """The files that the space uses, as a file elsewhere names them."""
    here, there = (Path(os.path.realpath(path)).parent for path in (module.source.name, target))
    if here == there:
        return
    for item in module.items:
        if isinstance(item, tree.Use) and shipped(item.path) is None:
            yield Edit(item.span, f"use {string(Path(os.path.relpath(here / item.path, there)))}")


def _lineage(space: Space, lines: Sequence[str]) -> Iterator[Edit]:
    """Doc comments right before the model."""
    if lines:
        start = space.model.variant.definition.model.span.start
        text = "".join(f"## {' '.join(printable(line).split())}\n" for line in lines)
        yield Edit(Span(space.source, start, start), text)


def _input(space: Space, sample: Sample) -> Iterator[Edit]:
    """The input of the network, where the space was opened at another resolution than its text says."""
    if space.model.resolution is None:
        return
    model = space.model.variant.definition.model
    text = str(space.architecture(sample).input)
    own = next((item for item in model.body if isinstance(item, tree.Binding) and item.name.text == "input"), None)
    if own is not None:
        yield Edit(own.value.span, text)
    else:  # an ancestor has it, of which there may be other models
        first = model.body[0].span if model.body else Span(model.span.source, model.span.end - 1, model.span.end)
        yield Edit(Span(first.source, first.start, first.start), f"input = {text}\n")


def _claims(space: Space, sample: Sample) -> Iterator[Edit]:
    """`require` lines with the counts of the network, at the end of its model."""
    variant = space.model.variant
    if variant.label is None:
        cost, end = space.cost(sample), variant.definition.model.span
        lines = f"\n  require params == {cost.params}\n  require macs == {cost.macs}\n}}"
        closing = type(end)(end.source, end.end - 1, end.end)
        yield Edit(closing, lines)
