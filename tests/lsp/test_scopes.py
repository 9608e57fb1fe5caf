"""The scopes that the editor knows are those of the compiler: every name of every shipped file means something."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from archdsl.elaborate.resolve.quantities import MEASURES
from archdsl.elaborate.resolve.symbols import Kind
from archdsl.folders import library_folder, specs_folder
from archdsl.language import tree
from archdsl.language.nodes import children
from archdsl.lsp.documents import Documents, uri_of
from archdsl.search_space.choices import ASIDE

ROOT = Path(__file__).parent.parent.parent
SHIPPED = [*specs_folder().glob("*.arch"), *ROOT.joinpath("examples").glob("*.arch"), *library_folder().glob("*.arch")]


@pytest.mark.parametrize("path", sorted(SHIPPED), ids=lambda path: path.name)
def test_every_name_means_something(path: Path) -> None:
    document = Documents().put(uri_of(path), path.read_text(encoding="utf-8"))
    known = {(each.span.start, each.span.end): each for each in document.occurrences}
    for place, occurrence in known.items():
        assert occurrence.symbols
        if occurrence.symbols[0].kind is not Kind.FILE:
            assert document.source.text[slice(*place)] == occurrence.symbols[0].name
    unknown = [
        node.text
        for item in document.environment.module.items
        if not isinstance(item, tree.Recipe)
        for node in _names(item)
        if (node.span.start, node.span.end) not in known and node.text not in ("in", "layers", *MEASURES)
    ]
    assert unknown == []


def _names(node: tree.Node) -> Iterator[tree.Name | tree.Identifier]:
    """The names of expressions, and of whatever is defined; not the facts of tensors, the names of steps, labels."""
    if isinstance(node, tree.Table):
        columns = [column.text for column in node.header]
        for row in node.rows:
            for column, cell in zip(columns, row.cells, strict=True):
                yield from _names(cell) if column != "name" else ()
        return
    if isinstance(node, tree.Name):
        yield node
    elif isinstance(node, tree.Block | tree.Model | tree.Parameter):
        yield node.name
    elif isinstance(node, tree.Binding) and node.name.text in ASIDE:
        return  # what a search maximizes speaks of what it measures
    elif isinstance(node, tree.Binding) and (node.unpacked or node.part_of):
        yield from _names(node.value) if node.unpacked else ()  # nobody has written the name of the list
        return
    for child in children(node):
        yield from _names(child)
