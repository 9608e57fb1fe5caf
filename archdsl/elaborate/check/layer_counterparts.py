"""What other libraries call layers, and write before their names, that this language has by another name."""

from __future__ import annotations

import re

from archdsl.ir.operators import PRIMITIVES
from archdsl.language import tree

# Names that are near no name of ours, or nearer to another one; in lower case, without `_`.
RENAMED = {
    **dict.fromkeys(("fc", "dense", "fullyconnected", "innerproduct", "lazylinear"), "linear"),
    **dict.fromkeys(("conv1d", "conv2d", "convolution", "convolution2d"), "conv"),
    **dict.fromkeys(("conv2dtranspose", "convtranspose2d", "deconv", "deconvolution"), "conv_transpose"),
    **dict.fromkeys(("depthwiseconv", "depthwiseconv2d", "dwconv"), "depthwise"),
    **dict.fromkeys(("maxpool2d", "maxpooling", "maxpooling2d"), "max_pool"),
    **dict.fromkeys(("avgpool2d", "averagepooling", "averagepooling2d"), "avg_pool"),
    **dict.fromkeys(("gap", "globalaveragepooling", "globalaveragepooling2d"), "global_avg_pool"),
    **dict.fromkeys(("globalmaxpooling", "globalmaxpooling2d"), "global_max_pool"),
    **dict.fromkeys(("adaptiveavgpool2d",), "adaptive_avg_pool"),
    **dict.fromkeys(("batchnorm2d", "batchnormalization"), "batch_norm"),
    **dict.fromkeys(("layernorm2d", "layernormalization"), "layer_norm"),
    **dict.fromkeys(("groupnormalization",), "group_norm"),
    **dict.fromkeys(("upsample", "upsampling2d", "interpolate"), "resize"),
    **dict.fromkeys(("dropout2d", "spatialdropout2d"), "dropout"),
    **dict.fromkeys(("stochasticdepth",), "drop_path"),
    **dict.fromkeys(("cat", "concatenate"), "concat"),
}
_SHAPES = (
    "a map keeps its axes: `flatten` makes a vector of it, `transpose` exchanges two axes, `pixel_unshuffle` moves "
    "positions to channels and `pixel_shuffle` back; what these cannot say is an `extern block`"
)
_PRODUCTS = (
    "`q -> dot_product_attention(k, v)` multiplies queries, keys and values; other products of maps have no name"
)
# Functions whose work other things do here; in lower case, without `_`.
EXPLAINED = {
    **dict.fromkeys(("reshape", "view", "unflatten", "rearrange", "permute", "swapaxes", "unfold"), _SHAPES),
    **dict.fromkeys(("matmul", "bmm", "einsum", "mm"), _PRODUCTS),
    **dict.fromkeys(
        ("range", "arange", "enumerate"), "a loop counts by itself: `for i in 3: ...`, or `for i, x in list: ...`"
    ),
    **dict.fromkeys(("add",), "tensors are added by `x + y`, or `sum(x, y, ...)`"),
    **dict.fromkeys(("mul", "multiply"), "tensors are multiplied by `x * y`"),
}
# Facts of the tensor that a block takes, as constructors of other libraries call them; in lower case, without `_`.
OF_INPUT = dict.fromkeys(
    ("inchannels", "inchans", "inchs", "inch", "inplanes", "infeatures", "infilters", "indim", "cin"), "in.channels"
)
# The modules of other libraries, which stand before the names of their layers.
_LIBRARIES = frozenset({"nn", "torch", "torchvision", "timm", "F", "keras", "tf", "layers", "flax", "mx", "paddle"})
_KERNEL = r"k(\d+)(?:x(\d+))?"


def layer_for(name: str) -> str | None:
    """The layer that another library has by this name: `linear` for `Dense` or `Linear`; None for no such name."""
    plain = _plain(name)
    return RENAMED.get(plain) or next((known for known in PRIMITIVES if _plain(known) == plain), None)


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def kernel_for(name: str) -> str | None:
    """A kernel as papers call it, `k3x3`, as a value: `3`, or `3 x 5`; None for any other name."""
    match = re.fullmatch(_KERNEL, name)
    if match is None:
        return None
    height, width = match[1], match[2] or match[1]
    return height if height == width else f"{height} x {width}"


def of_library(node: tree.Fact) -> str | None:
    """`nn` of `nn.Conv2d`, where a dotted name begins with the name of a module of another library."""
    owner: tree.Expression = node
    while isinstance(owner, tree.Fact):
        owner = owner.owner
    return owner.text if isinstance(owner, tree.Name) and owner.text in _LIBRARIES else None
