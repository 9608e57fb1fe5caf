"""The values that a parameter or a binding has in the networks of a document."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.elaborate.evaluate.describe import describe
from archdsl.elaborate.resolve.symbols import Kind, Symbol
from archdsl.ir.body import BlockInstance
from archdsl.ir.names import identifier
from archdsl.language import tree
from archdsl.lsp.document import Document
from archdsl.lsp.markdown import listed
from archdsl.lsp.networks import Networks


def values(document: Document, item: tree.Node | None, symbol: Symbol) -> str:
    """The values of a symbol that is read inside an item of the document."""
    if document.sound is None or symbol.kind not in (Kind.PARAMETER, Kind.BINDING):
        return ""
    networks = document.sound.networks
    match item:
        case tree.Block() if symbol.owner == item.name.text:
            return listed(_in_block(document, networks, item, symbol.name))
        case tree.Model(name=name) | tree.Variants(model=name):
            models = networks.of_model(name.text)
            return listed((describe(one.parameters[symbol.name]), one.name) for one in models
                          if symbol.name in one.parameters)  # fmt: skip
        case _:
            return ""


def _in_block(document: Document, networks: Networks, block: tree.Block, name: str) -> Iterator[tuple[str, str]]:
    span = document.to_sound(block.name.span)
    for architecture, instance in networks.instances(span) if span is not None else ():
        value = _in_instance(instance, name)
        if value is not None:
            yield value, architecture.name


def _in_instance(instance: BlockInstance, name: str) -> str | None:
    if identifier(name) in instance.scalars:
        return describe(instance.scalars[identifier(name)])
    if name in instance.layers:
        return instance.layers[name]
    outputs = (binding.output for binding in instance.body if binding.name == name)
    return next((str(output) for output in outputs if output is not None), None)
