"""The operators of an architecture as a `networkx` graph; imported only when `Architecture.graph()` is called."""

from __future__ import annotations

import networkx

from archdsl.ir.description import Description
from archdsl.ir.walk import walk


def operator_graph(architecture: Description) -> networkx.DiGraph:
    """The network as a directed acyclic graph from the node `input` to the node `output`.

    Nodes are the paths of the operators in the built module. Each has the attributes `operator` (its name in the
    language; `add`, `multiply` and so on for combined tensors), `input` and `output` (shapes, the input being that of
    the first tensor it reads), `primitive` (the operator with its attributes, or None), `params`, `macs`, and
    `is_again`: whether its weights are those of an earlier node, which then has their `params`. Edges carry the
    `shape` that flows along them.
    """
    graph = networkx.DiGraph(name=architecture.name)
    for visit in walk(architecture):
        graph.add_node(
            visit.path,
            operator=visit.operator,
            input=visit.shapes[0] if visit.inputs else visit.output,
            output=visit.output,
            primitive=visit.primitive,
            params=visit.params,
            macs=visit.macs,
            is_again=visit.is_again,
        )
        for tensor in visit.inputs:
            graph.add_edge(tensor.path, visit.path, shape=tensor.shape)
    return graph
