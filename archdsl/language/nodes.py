"""Nodes of the syntax tree: those inside another, those at a place, those of a name."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.language import tree


def children(node: tree.Node) -> list[tree.Node]:
    """The nodes right inside a node, in the order of its fields."""
    found: list[tree.Node] = []
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, tree.Node):
            found.append(value)
        elif isinstance(value, tuple):
            found += [element for element in value if isinstance(element, tree.Node)]
    return found


def enclosing(module: tree.Module, offset: int) -> list[tree.Node]:
    """The nodes around an offset, the outermost first. A node's end belongs to it: a cursor stands behind its word."""
    found: list[tree.Node] = []
    inside: list[tree.Node] = list(module.items)
    while inside:
        # Of two that touch at the cursor, the one that begins there.
        at = [node for node in inside if node.span.start <= offset <= node.span.end]
        if not at:
            break
        node = max(at, key=lambda each: (each.span.start, -each.span.end))
        found.append(node)
        inside = children(node)
    return found


def walk(*nodes: tree.Node) -> Iterator[tree.Node]:
    """Some nodes with all that is inside them, in no order; without recursion, as text may be nested very deeply."""
    ahead = list(nodes)
    while ahead:
        node = ahead.pop()
        yield node
        ahead += children(node)


def names_in(*nodes: tree.Node) -> Iterator[tree.Name]:
    """The names in some parts of the text, in no order."""
    return (node for node in walk(*nodes) if isinstance(node, tree.Name))


def cells_of(table: tree.Table, row: tree.Row, column: str) -> Iterator[tree.Expression | tree.DefaultCell]:
    """The cells of a row under the headers of one name."""
    return (cell for header, cell in zip(table.header, row.cells, strict=True) if header.text == column)
