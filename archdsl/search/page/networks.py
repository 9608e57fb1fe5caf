"""A network of a study: its table of stages with what was chosen in it, what it costs, and its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from archdsl.backends.costed_part import CostedPart
from archdsl.backends.estimate import Estimate, estimate
from archdsl.backends.units import human
from archdsl.diagnostics import DiagnosticError
from archdsl.elaborate.evaluate.values import Decisions
from archdsl.elaborate.resolve.labels import stage_name
from archdsl.elaborate.resolve.merge import Merged, merge
from archdsl.elaborate.resolve.stage_rows import StageRow
from archdsl.language import tree
from archdsl.language.nodes import children
from archdsl.search.outcomes import network_of, result_of
from archdsl.search.page.markup import Content, row, table, tag
from archdsl.search.summary import columns, number_text
from archdsl.search.trials import SomeTrial
from archdsl.search.view import View
from archdsl.search.winners import file_of, frozen
from archdsl.search_space.choices import Choice

_SECTIONS = ("stem", "head")
_SPACES = re.compile(r"\s+")


def network_parts(study: View, trial: SomeTrial) -> Iterator[Content]:
    """The part of the page about the network of a trial."""
    space = study.space
    sample = space.numbered(int(network_of(trial)))
    decisions = space.decisions(sample)
    made = estimate(space.architecture(sample))
    numbers = result_of(trial).get("numbers", {})
    facts = [f"{name} {number_text(name, numbers[name])}" for name in columns(study, [trial])]
    if study.is_single:
        facts.insert(0, f"objective {trial.values[0]:.4g}")
    yield tag("h3", f"Trial {trial.number}")
    yield tag("p", " · ".join([*facts, f"network {network_of(trial)} of the space"]))
    merged = merge(space.model.variant.definition)
    yield _stages(merged, decisions, made)
    if others := [choice for choice in space.model.choices if _is_elsewhere(choice, merged, decisions)]:
        items = [tag("li", tag("b", choice.place), " = ", _marked(choice.node, decisions)) for choice in others]
        yield tag("p", "Chosen outside of the table:")
        yield tag("ul", *items, class_="code")
    try:
        text = frozen(study, trial, file_of(study, trial))
    except DiagnosticError as failure:
        yield tag("p", f"There is no .arch file of it: {failure.diagnostics[0].message}.", class_="note")
        return
    name = str(file_of(study, trial).relative_to(study.folder))
    yield tag("details", tag("summary", f"{name}, its text"), tag("pre", text))


def _stages(merged: Merged, decisions: Decisions, made: Estimate) -> Element:
    """A row for the stem, each stage and the head: what is in its cells, and what it costs."""
    names = list(dict.fromkeys(name for each in merged.rows.rows for name in each.cells if name != "name"))
    parts = {part.path: part for part in made.stages}
    rows = []
    for section in _SECTIONS:
        binding = merged.bindings.get(section)
        part = parts.get(section)
        cells = tag("td", _marked(binding[0].value, decisions) if binding else "", colspan=max(1, len(names)))
        rows.append(tag("tr", tag("th", section, scope="row"), cells, *_costs(part)) if part else None)
    stages = [_stage(each, names, decisions, parts.get(f"stages.{stage_name(each)}")) for each in merged.rows.rows]
    total = row(
        ["total", *[""] * max(1, len(names)), str(made.output), human(made.cost.params), human(made.cost.macs)], 3
    )
    header = ["", *(names or [""]), "output", "params", "MACs"]
    caption = "What was taken is marked; what else the space has is beside it."
    stem, head = rows
    return table(header, [each for each in (stem, *stages, head, total) if each is not None], caption=caption)


def _stage(each: StageRow, names: Sequence[str], decisions: Decisions, part: CostedPart | None) -> Element:
    cells: list[Content] = []
    for name in names:
        cell = each.cells.get(name)
        is_default = cell is None or isinstance(cell[0], tree.DefaultCell)
        cells.append("-" if is_default or cell is None else _marked(cell[0], decisions))
    return tag("tr", tag("th", stage_name(each), scope="row"), *(tag("td", cell) for cell in cells), *_costs(part))


def _costs(part: CostedPart | None) -> list[Element]:
    texts = ["", "", ""] if part is None else [str(part.output), human(part.cost.params), human(part.cost.macs)]
    return [tag("td", text, class_="number") for text in texts]


def _is_elsewhere(choice: Choice, merged: Merged, decisions: Decisions) -> bool:
    """Whether a choice was made and is in none of the cells."""
    if id(choice.node) not in decisions or choice.place.startswith("stages."):
        return False
    shown = [merged.bindings[name][0].value for name in _SECTIONS if name in merged.bindings]
    return not any(_holds(node, choice.node) for node in shown)


def _holds(node: tree.Node, wanted: tree.Node) -> bool:
    return node is wanted or any(_holds(child, wanted) for child in children(node))


def _marked(node: tree.Node, decisions: Decisions) -> Content:
    """The text of an expression, with what was taken at each of its choices marked, and the rest of it faded."""
    if isinstance(node, tree.Choice):
        return tag("span", "{", *_options(node, decisions), "}", class_="choice")
    found: list[Content] = []
    start = node.span.start
    for choice in _outermost(node):
        found += [_line(node.span.text[start - node.span.start : choice.span.start - node.span.start])]
        found += [_marked(choice, decisions)]
        start = choice.span.end
    return [*found, _line(node.span.text[start - node.span.start :])]


def _options(node: tree.Choice, decisions: Decisions) -> Iterator[Content]:
    taken = decisions.get(id(node))
    for number, option in enumerate(node.options):
        if number:
            yield ", "
        yield tag("mark", _marked(option, decisions)) if number == taken else tag("s", _line(option.span.text))


def _outermost(node: tree.Node) -> Iterator[tree.Choice]:
    for child in children(node):
        if isinstance(child, tree.Choice):
            yield child
        else:
            yield from _outermost(child)


def _line(text: str) -> str:
    """A piece of text on one line, with a space at an end where it has some there."""
    return _SPACES.sub(" ", text)
