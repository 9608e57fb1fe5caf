"""Which nodes of the syntax tree lie at a place."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.language import tree


def children(node: tree.Node) -> Iterator[tree.Node]:
    """The nodes right inside a node, in the order of its fields."""
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, tree.Node):
            yield value
        elif isinstance(value, tuple):
            yield from (element for element in value if isinstance(element, tree.Node))


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
        inside = list(children(node))
    return found
