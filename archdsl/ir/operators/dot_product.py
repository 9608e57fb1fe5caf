"""Attention between the positions of maps."""

from typing import ClassVar, Literal

from archdsl.ir.base import Count, Shape, ShapeError
from archdsl.ir.operators.base import Operator, check_divides


class DotProductAttention(Operator):
    """Scaled dot-product attention (Vaswani et al. 2017) over positions: the input, `keys` and `values` are maps.

    `queries -> dot_product_attention(keys, values, heads = 8)`: each head takes `in.channels / heads` of the channels
    as the query of each position, compares it with the keys of all positions, and puts out the mean of their values,
    weighted with the softmax of the products times `scale` (one by the square root of a query's size unless given). The
    projections are convolutions that the text writes.

    `keys` and `values` have the same height and width, which may differ from that of the input. `keys` of
    `in.channels` have as many heads as the queries; fewer channels are fewer heads, each shared by several queries:
    one in multi-query attention (Shazeer 2019). `values` have as many heads as `keys`, of a size of their own.
    """

    is_weighted: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("keys", "values")
    kind: Literal["dot_product_attention"] = "dot_product_attention"
    heads: Count = 1
    scale: float | None = None

    def output(self, *shapes: Shape) -> Shape:
        queries, keys, values = shapes
        check_divides(queries.channels, "channels", self.heads, "heads", "heads")
        size = queries.channels // self.heads
        if keys.channels % size or self.heads % (keys.channels // size):
            message = f"keys of {keys.channels} channels do not fit {self.heads} heads of {size} channels each"
            help = f"give the keys {queries.channels} channels, or {size} for one head that all queries share"
            raise ShapeError(message, "value", "keys", help)
        if keys.height != values.height or keys.width != values.width:
            message = f"keys of {keys.positions} positions do not fit values of {values.positions}"
            raise ShapeError(message, "value", "values", "give both the same stride and padding")
        heads = keys.channels // size
        if values.channels % heads:
            message = f"values of {values.channels} channels do not divide into the {heads} heads of the keys"
            raise ShapeError(message, "value", "values", f"use a multiple of {heads}")
        return Shape(queries.channels * values.channels // keys.channels, queries.height, queries.width)

    def macs(self, *shapes: Shape) -> int:
        queries, keys, _ = shapes
        return (queries.elements + self.output(*shapes).elements) * (keys.height * keys.width)
