"""Programs that a person would write and no generator finds, each checked against its IR."""

from __future__ import annotations

import pytest

from archdsl.backends.pytorch import emit
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from tests.properties.checks import check_alone, check_file, module_of

PROGRAMS = {
    "rounds of a loop whose layers other classes construct, some of them with arguments of their own": """
block b(kernels = [3, 5]) {
  entry  = in -> conv(8 * length(kernels))
  pieces = split(entry, length(kernels))
  ys     = for i, k in kernels: pieces[i] -> conv_norm_act(8, k) * 2
  zs     = for y in ys: y -> norm
  out    = concat(zs[0], sum(ys)) -> conv(in.channels)
}
block unit(channels) {
  x   = in -> norm -> act
  out = if in.channels == channels then in + x else x -> conv(channels)
}
model first {
  input = 1 x 24 x 16
  stages {
    | op   | kernels    | channels |
    | b    | [3, 1 x 3] | -        |
    | unit | -          | 32       |
  }
}
model second(n = 1) {
  input = 4 x 16 x 16
  classes = 10
  stages {
    | op | kernels | layers |
    | b  | -       | 1 + n  |
  }
}
model third extends second(n = 2) {
  act = prelu
}
""",
    "blocks that call each other": """
block even(depth, channels) {
  deeper = if depth > 0 then in -> odd(depth - 1, channels) else in
  out = deeper -> conv(channels)
}
block odd(depth, channels) {
  deeper = if depth > 0 then in -> even(depth - 1, channels * 2) else in
  out = deeper -> conv(channels, 3)
}
model m(d = 3) {
  input = 3 x 8 x 8
  stem = even(d, 4)
  stages {
    | op   | depth | channels | layers |
    | even | d     | 8        | 2      |
    | odd  | 1     | 4        | 1      |
  }
}
variants m {
  | name | d |
  | a    | 3 |
  | b    | 0 |
}
""",
    "trees of trees, which hand on what they read": """
block pair(shortcut, channels, stride = 1) {
  out = (in -> conv(channels, 3, stride = stride) -> norm) + shortcut -> act
}
block tree(width, levels = 1, stride = 1, is_root = false, children = none) {
  channels = 8 * width
  bottom = in -> max_pool(stride, padding = valid) when stride != 1
  shortcut = bottom -> [conv(channels) -> norm] when in.channels != channels
  given = if not is_root then children else if children == none then bottom else concat(children, bottom)
  one = if levels == 1 then in -> pair(shortcut, channels, stride) else (in -> tree(width, levels - 1, stride))
  leaves = if given == none then one else concat(one, given)
  out = if levels == 1 then leaves -> conv(channels) else (one -> tree(width, levels - 1, children = leaves))
}
model m(depth = 2) {
  input = 3 x 32 x 32
  stem = conv(8, 3)
  stages {
    | op   | width | levels | stride | is_root |
    | tree | 1     | 1      | 2      | false   |
    | tree | 2     | depth  | 2      | true    |
    | tree | 3     | depth  | 2      | true    |
    | tree | 4     | 1      | 2      | true    |
  }
}
variants m {
  | name | depth |
  | two  | 2     |
  | four | 4     |
}
""",
    "conditions in conditions": """
block b(channels, stride = 1, mode = 0) {
  same = stride == 1 and in.channels == channels
  left = (if mode == 0 then in else if mode == 1 then in -> act else in) -> conv(in.channels)
  main = left -> conv(channels, 3, stride = stride)
  out = if same then (if mode == 2 then in + main else in * main) else if mode == 0 then main else -main
}
model m {
  input = 3 x 8 x 8
  stem = conv(4)
  stages {
    | op | channels | stride | mode | layers |
    | b  | 4        | 1      | 0    | 2      |
    | b  | 8        | 2      | 1    | 2      |
    | b  | 8        | 1      | 2    | 2      |
    | b  | 4        | 1      | 2    | 1      |
  }
}
""",
    "kernels that are not square": """
block unit(channels, kernel = 3, stride = 1) {
  out = in -> conv(channels, kernel, stride = stride) -> norm -> act
}
block b(channels, n = 3, tall = true, stride = 1) {
  along = in -> unit(channels, 1 x n, stride) -> unit(channels, n x 1) -> unit(channels)
  chosen = in -> depthwise(if tall then 7 x 1 else 1 x 5) -> avg_pool(1 x 3, stride = 1)
    -> conv(channels, 3 x 1, dilation = 2, stride = stride)
  pooled = in -> max_pool(n x 3, stride = stride) -> unit(channels, 1 x n + 2) -> ws_conv(channels, n x 1)
  out = concat(along, chosen, pooled)
}
model m(first = 1 x 7) {
  input = 3 x 24 x 32
  stem = conv(8, first) -> conv(8, 7 x 1, stride = 2, padding = same) -> avg_pool(1 x 2)
    -> max_pool(3 x 2, stride = 1, padding = same) -> ws_conv(8, 3 x 2, stride = 2, padding = same)
  stages {
    | op   | channels | n | tall  | stride | kernel | layers |
    | b    | 8        | 3 | true  | 1      | -      | 1      |
    | b    | 8        | 5 | false | 2      | -      | 2      |
    | unit | 16       | - | -     | 1      | 1 x 3  | 2      |
    | unit | 16       | - | -     | 1      | 3      | 2      |
    | conv | 16       | - | -     | 1      | 3 x 1  | 1      |
  }
}
variants m {
  | name | first |
  | a    | 1 x 7 |
  | b    | 3 x 3 |
}
""",
    "poolings that round up": """
block b(channels, up = true, stride = 1) {
  out = in -> max_pool(3, stride = stride, padding = valid, ceil = up) -> conv(channels)
}
model m {
  input = 3 x 38 x 31
  stem = conv(8) -> max_pool(2 x 3, padding = valid, ceil = true)
  stages {
    | op       | channels | up    | stride | kernel | ceil |
    | b        | 8        | true  | 2      | -      | -    |
    | b        | 8        | false | 1      | -      | -    |
    | max_pool | -        | -     | 2      | 3      | true |
  }
}
""",
    "rounding to the even number": """
block b(channels, ratio = 0.25) {
  squeezed = round_even(in.channels * ratio)
  out = in -> conv(squeezed) -> act -> conv(channels)
}
model m {
  input = 3 x 8 x 8
  stem = conv(10)
  stages {
    | op | channels | ratio |
    | b  | 14       | 0.25  |
    | b  | 6        | 0.25  |
    | b  | 5        | 0.5   |
  }
}
""",
    "bindings after out": """
block b(channels) {
  unused = in -> conv(7)
  out = in -> conv(channels) -> act
  later = out -> conv(3)
  n = 3
}
model m {
  input = 3 x 8 x 8
  head = b(4) -> b(5)
}
""",
    "layers as arguments": """
block apply_twice(layer, n = 2) {
  out = in -> layer -> layer * n -> [layer -> act] * 2
}
model m {
  input = 3 x 8 x 8
  stem = conv(4) -> apply_twice(conv(4, 3)) -> apply_twice(act, n = 1) -> apply_twice(mbconv(4, expansion = 2), n = 3)
  stages {
    | op          | layer               | n | layers |
    | apply_twice | conv(4)             | 1 | 2      |
    | apply_twice | conv(4, 5) | 2 | 1      |
  }
}
""",
    "primitives as stages": """
model m {
  input = 3 x 16 x 16
  stages {
    | op              | channels | kernel | stride | layers |
    | conv            | 8        | 3      | 2      | 2      |
    | max_pool        | -        | 3      | 2      | 1      |
    | global_avg_pool | -        | -      | -      | 1      |
    | conv            | 8        | 1      | 1      | 3      |
  }
  head = flatten
}
""",
    "models without stages": """
model m {
  input = 3 x 4 x 4
  classes = 5
  head = linear(classes)
}
model n {
  input = 3 x 4 x 4
  classes = 5
  head = [linear(7) -> relu -> dropout(0.1)] * 2 -> linear(classes) as out_layer
}
model o {
  input = 3 x 4 x 4
  head = flatten
}
model p {
  input = 3 x 4 x 4
  head = relu
}
""",
    "spatial attention": """
block sam() {
  pooled = concat(in -> conv(1), in -> conv(1, 3))
  out = in * (pooled -> conv(1, 7) -> sigmoid)
}
block cbam(channels, reduction = 4) {
  average = in -> global_avg_pool
  largest = in -> global_max_pool
  small = average -> conv(in.channels // reduction) -> act -> conv(in.channels)
  large = largest -> conv(in.channels // reduction) -> act -> conv(in.channels)
  weighted = in * (small + large -> sigmoid)
  out = weighted -> sam -> conv(channels)
}
model m {
  input = 3 x 8 x 8
  stem = conv(8)
  stages {
    | op   | channels | reduction | layers |
    | cbam | 8        | 4         | 2      |
    | cbam | 16       | 2         | 2      |
  }
}
""",
    "drop path that reaches its rate": """
block r(channels) {
  out = in + (in -> conv(channels) -> drop_path)
}
block s(channels) {
  out = in -> r(channels) -> r(channels) * 2 -> conv(channels)
}
model m(q = 0.3) {
  input = 3 x 8 x 8
  drop_path = ramp(q, reach = true)
  stem = conv(8) -> r(8)
  stages {
    | op | channels | layers |
    | r  | 8        | 3      |
    | s  | 8        | 2      |
    | separable_conv | 16 | 2 |
  }
  head = r(16) -> global_avg_pool -> linear(4)
}
variants m {
  | name | q |
  | a    | 0.1 |
  | b    | 0.5 |
}
""",
    "drop path over one layer": """
block r(channels) {
  out = in + (in -> conv(channels) -> drop_path)
}
model m {
  input = 3 x 8 x 8
  drop_path = ramp(0.3, reach = true)
  stem = conv(8)
  stages {
    | op | channels |
    | r  | 8        |
  }
}
""",
    "facts with names of columns": """
block r(channels, stride = 1) {
  out = in -> conv(channels, 3, stride = stride)
  out.stride = in.stride * stride
  out.scale = in.scale + in.channels
}
block use_it(channels) {
  factor = 1 / in.stride
  out = (in -> conv(channels)) * factor * sqrt(in.scale)
  out.stride = in.stride
}
model m {
  input = 3 x 16 x 16
  input.stride = 1
  input.scale = 2
  stages {
    | op     | channels | stride | layers |
    | r      | 8        | 2      | 2      |
    | use_it | 8        | -      | 2      |
    | r      | 8        | 2      | 1      |
    | use_it | 4        | -      | 1      |
  }
}
""",
    "dense blocks": """
block dense(growth = 4) {
  out = concat(in, in -> norm -> act -> conv(growth, 3))
}
block transition(theta = 0.5) {
  out = in -> norm -> conv(floor(in.channels * theta)) -> avg_pool(2)
}
block dense_stage(n, growth = 4) {
  out = in -> dense(growth) * n -> transition
}
model densenet(growth = 4) {
  input = 3 x 16 x 16
  classes = 5
  stem = conv(2 * growth, 3)
  stages {
    | op          | n | growth |
    | dense_stage | 2 | growth |
    | dense_stage | 3 | growth |
    | dense       | - | growth |
  }
  head = norm -> act -> global_avg_pool -> linear(classes)
}
variants densenet {
  | name | growth |
  | a    | 4      |
  | b    | 8      |
}
""",
    "families": """
block b(channels, kernel = 3) {
  out = in -> conv(channels, kernel) -> act
}
model net_s {
  input = 3 x 8 x 8
  classes = 5
  stem = b(8)
  stages {
    | op | channels |
    | b  | 8        |
  }
  head = global_avg_pool -> linear(classes)
}
model net_m extends net_s {
  input = 3 x 12 x 12
  stem = b(16, 5)
}
model net_l extends net_s {
  head = conv(7) -> global_avg_pool -> linear(classes)
}
model net_x extends net_s {
  classes = 7
  head = global_avg_pool -> linear(5)
}
model net {
  input = 3 x 8 x 8
  classes = 3
  stem = b(8, 1)
  stages {
    | op | channels | kernel | layers |
    | b  | 8        | 3      | 2      |
    | b  | 4        | 1      | 1      |
  }
  head = global_avg_pool -> linear(classes)
}
""",
    "a linear layer in a block": """
block gate(reduction = 2, biased = true) {
  weight = in -> global_avg_pool
    -> linear(in.channels // reduction, bias = biased) -> act
    -> linear(in.channels) -> sigmoid
  out = in * weight
}
model m(biased = false) {
  input = 3 x 8 x 8
  classes = 5
  stem = conv(8) -> gate(biased = biased)
  head = gate -> flatten -> conv(4) -> linear(6) -> norm -> act -> linear(classes)
}
variants m {
  | name | biased |
  | a    | true   |
  | b    | false  |
}
""",
    "attributes that vary": """
block b(channels, kernel = 3, margin = 1, counted = true, scaled = true, multiplier = 1) {
  main = in
    -> avg_pool(kernel, stride = 1, count_padding = counted)
    -> depthwise(kernel + 2, multiplier = multiplier + 1)
    -> conv(channels, 2 * margin + 1, padding = margin, dilation = 1)
    -> drop_path(0.2, rescale = scaled)
    -> conv(channels, kernel, dilation = margin + 1)
  out = main
}
model m {
  input = 3 x 8 x 8
  stem = conv(4)
  stages {
    | op | channels | kernel | margin | counted | scaled | multiplier |
    | b  | 8        | 3      | 1      | true    | true   | 1          |
    | b  | 16       | 5      | 2      | false   | false  | 2          |
    | b  | 16       | 1      | 0      | false   | true   | 3          |
  }
}
""",
    "sizes": """
block b(channels, stride = 1) {
  big = in.height > 6 and in.width > 4
  out = in -> conv(channels, 3, stride = stride) -> act when big -> avg_pool(2) when in.height >= 8
}
model m {
  input = 3 x 17 x 12
  stages {
    | op | channels | stride | layers |
    | b  | 8        | 2      | 2      |
    | b  | 8        | 1      | 1      |
  }
}
""",
    "names of stages": """
model m {
  input = 3 x 16 x 16
  stages {
    | op     | channels | stride | name |
    | mbconv | 8        | 2      | 5    |
    | mbconv | 8        | 1      | low  |
    | mbconv | 8        | 2      | 0    |
  }
}
""",
    "what nothing reads": """
block b(channels, stride = 1) {
  shortcut = in -> conv(channels, 3)
  offset = shortcut + 1
  main = in -> conv(channels, 3, stride = stride)
  out = if stride == 1 then main + shortcut else main
}
model m {
  input = 3 x 16 x 16
  stages {
    | op | channels | stride |
    | b  | 8        | 2      |
  }
}
""",
    "layers on both sides of a sum": """
block b(channels) {
  main = (in -> conv(channels)) + in -> norm
  main_conv = in -> conv(channels, 5)
  out = (in -> conv(channels, 3)) * main + (main -> norm) + (main_conv -> norm as main_conv_2)
}
model m {
  input = 4 x 8 x 8
  stem = b(4)
}
""",
    "tensors that are read under conditions": """
block b(channels, stride = 1, d = false) {
  changes = stride != 1 or in.channels != channels
  averaged = d and stride != 1
  projected = in -> avg_pool(2) when averaged -> conv(channels, stride = if averaged then 1 else stride) -> norm
  unread = in -> mbconv(channels)
  n = unread.channels
  other = (in -> conv(channels, 3, stride = stride)) * 2
  single = other -> relu
  out = if changes then projected else if d then in + single else in
}
model m(d = false) {
  input = 4 x 8 x 8
  stages {
    | op | channels | stride | layers | d |
    | b  | 8        | 2      | 2      | d |
    | b  | 8        | 1      | 2      | d |
    | b  | 4        | 1      | 1      | d |
  }
}
variants m {
  | name | d     |
  | a    | true  |
  | b    | false |
}
""",
    "layers that make channels of other channels": """
block fire(channels, body = conv_norm_act) {
  out = in -> conv(8, 3) -> body(channels) -> conv(channels)
}
model m {
  input = 3 x 8 x 8
  stem = fire(16)
  stages {
    | op   | channels | body                        | layers |
    | fire | 20       | fused_mbconv(expansion = 1) | 2      |
  }
}
""",
    "tensors that may be none": """
block fuse(x = none, y = none, channels = 4) {
  first = if x == none then in else in + x
  second = if y != none and channels > 2 then first * (y -> conv(in.channels)) else first
  out = second -> [norm -> act] when x == none -> conv(channels) -> conv(channels, 3) when y != none
}
model m {
  input = 3 x 8 x 8
  stem = conv(4) -> fuse -> fuse(none, none, 4)
  a = stem -> fuse -> fuse(stem) -> fuse(stem, stem)
  b = a -> fuse(y = stem) -> fuse(y = stem, channels = 2)
  head = b -> fuse(x = b) -> fuse(a -> conv(4), none)
}
""",
    "a hard condition": """
block b(channels, n = 2) {
  hidden = if n > 100 then 9 ** 9 ** 9 else n * 8
  out = in -> conv(hidden) -> conv(channels)
}
model m {
  input = 3 x 8 x 8
  stages {
    | op | channels | n |
    | b  | 8        | 1 |
    | b  | 8        | 2 |
  }
}
""",
}

# Layers that are repeated never in one row and once or more in another, whatever they do to the channels.
_COPIES = (
    "[act -> conv(channels)] * n",
    "[conv(channels) -> norm] * n",
    "conv_norm_act(channels) * n",
    "conv(channels) -> [norm -> act] * n",
    "joined(4) * n",
    "[act -> joined(4)] * n -> conv(channels)",
    "[[act -> conv(channels)] * n -> norm] * n",
)
_REPEATS = """
block joined(growth) {{
  out = concat(in, in -> conv(growth))
}}
block b(channels, n) {{
  out = in -> {copies}
}}
model m {{
  input = 3 x 8 x 8
  stem = conv(8)
  stages {{
    | op | channels | layers | n |
{rows}  }}
}}
"""


@pytest.mark.parametrize("counts", [(0, 1), (1, 0), (0, 2, 1), (3, 0, 0)], ids=str)
@pytest.mark.parametrize("copies", _COPIES)
def test_repeated_never_or_once(copies: str, counts: tuple[int, ...]) -> None:
    for widths in ((8, 8, 8), (8, 16, 8), (16, 8, 16)):
        rows = "".join(f"    | b | {width} | 2 | {n} |\n" for width, n in zip(widths, counts, strict=False))
        text = _REPEATS.format(copies=copies, rows=rows)
        check_file(compile_source(Source("program.arch", text)).checked())


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    architectures = compile_source(Source("program.arch", PROGRAMS[name])).checked()
    check_file(architectures)
    namespace = module_of(emit(architectures, "program.arch"))
    for architecture in architectures:
        check_alone(architecture, namespace)
