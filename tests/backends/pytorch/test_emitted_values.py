"""Values that vary over the instances of a block, or the networks of a family, each checked against its IR."""

from __future__ import annotations

import pytest

from archdsl.backends.pytorch import emit
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from tests.properties.checks import check_alone, check_file, module_of

PROGRAMS = {
    "floats that are whole numbers": """
block b(channels, ratio = 0.5, kernel = 3, stride = 1, groups = 1, margin = 0, spread = 1, n = 1) {
  half = channels / 2
  mid = in -> conv(channels / 2) -> conv(in.channels * ratio, kernel) -> conv(half, 1 x kernel)
  out = mid -> conv(half, kernel, groups = groups, padding = margin, dilation = spread) * n
    -> conv(channels, kernel, stride = stride) -> depthwise(2 * ratio + 2, multiplier = half / half, padding = 1)
    -> b_inner(channels / 4 + 1, channels)
}
block b_inner(narrow, channels) {
  wide = narrow * 2.0
  out = in -> conv(narrow) -> conv(wide, if narrow > 4 then narrow - 1 x 3 else 1 x narrow, padding = same)
    -> conv(channels)
}
model m(w = 16, ratio = 0.5) {
  input = 3 x 32 x 32
  classes = 10
  stem = conv(w / 2)
  stages {
    | op | channels | kernel | stride | groups | margin | spread | ratio | layers |
    | b  | 32 * 0.5 | 6 / 2  | 4 / 2  | 8 / 4  | 2 / 2  | 2 / 2  | ratio | 2 / 1  |
    | b  | 32       | 5      | 1      | 2      | 2      | 1      | 0.5   | 1      |
  }
  head = conv(w * ratio * 2, kernel = 2 / 2) -> global_avg_pool -> linear(classes)
}
variants m {
  | name | w  | ratio |
  | a    | 16 | 0.5   |
  | b    | 32 | 1.0   |
}
""",
    "formulas that count": """
block b(depth = 4, parts = 4, divisor = 8) {
  list = split(in -> conv(in.channels) * (depth / 2), parts / 2)
  sized = split(concat(list), [in.channels / 2, in.channels - in.channels / 2])
  out = concat(sized[2 / 2], sized[0]) -> conv(divisible(20, divisor = divisor / 2)) * (2 / 2)
    -> conv(divisible(15, 16 / 2), 3, padding = 2 / 2)
}
model m {
  input = 3 x 8 x 8
  stem = conv(16) * (4 / 2)
  stages {
    | op | depth | parts | divisor |
    | b  | 2     | 8     | 8       |
    | b  | 6     | 4     | 16      |
    | b  | 4     | 4     | 8       |
  }
  head = conv(3) * (1e1 / 5)
}
""",
    "numbers of one's own in floats": """
block dense(growth = 8 / 2) {
  out = concat(in, in -> conv(growth, 3))
}
block b(factor) {
  out = (in -> conv(in.channels)) * factor + in * (factor * 2.0)
}
model m {
  input = 4 x 8 x 8
  stages {
    | op    | growth | factor |
    | dense | 4.0    | -      |
    | b     | -      | 2.0    |
    | dense | 3      | -      |
    | b     | -      | 1.5    |
  }
  head = dense(2 * 1.5) * 3 -> dense(4) * 2
}
""",
    "repeated stems of two widths": """
model m(w = 8, n = 1) {
  input = 3 x 32 x 32
  classes = 10
  stem = conv(w) * n
  stages {
    | op | channels | kernel | stride | layers |
    | mbconv  | 16 | 3  | 2  | 2 |
  }
  head = global_avg_pool -> linear(classes)
}
variants m {
 | name | w | n |
 | a | 8 | 1 |
 | b | 16 | 2 |
}
""",
    "repeated layers of a block of two widths": """
block b(channels, w = 8, n = 1) {
  out = in -> conv(w) * n -> act when n > 1 -> conv(channels)
}
model m(w = 8, n = 1) {
  input = 3 x 8 x 8
  stem = [conv(w, 3) -> norm] * n -> conv(w)
  stages {
    | op | channels | w | n |
    | b  | 8        | w | n |
    | b  | 8        | 4 | 1 |
    | b  | 8        | 6 | 3 |
  }
  head = conv(w) * n -> conv(5) when n > 1 -> conv(4)
}
variants m {
  | name | w  | n |
  | a    | 8  | 1 |
  | b    | 16 | 2 |
  | c    | 16 | 1 |
}
""",
    "guards in a stem that change channels": """
model m(p = true, w = 8) {
  input = 3 x 8 x 8
  stem = conv(w) when p -> conv(2 * w) when not p
  stages {
    | op     | channels |
    | mbconv | 8        |
  }
  head = conv(w) when p -> global_avg_pool
}
variants m {
  | name | p     | w |
  | a    | true  | 8 |
  | b    | false | 4 |
}
""",
    "a guarded flatten": """
model m(p = true) {
  input = 3 x 4 x 4
  classes = 10
  stem = conv(8)
  head = flatten when p -> linear(classes)
}
variants m {
  | name | p     |
  | a    | true  |
  | b    | false |
}
""",
    "names of what stages hand on": """
block b(channels, stride = 1) {
  out_channels = in -> conv(5) -> norm
  out_variance = in -> conv(4) -> norm
  out = concat(out_channels -> conv(3), out_variance -> conv(5)) -> conv(channels, 3, stride = stride)
  out.variance = in.variance + 1
}
block c(stride = 1, index = 3, stage = 4) {
  out_channels = 2 * in.channels
  out = concat(in, in) -> conv(out_channels) as out_channels -> conv(index, 3, stride = stride)
    -> conv(stage + 3) as out_channels_2
  out.variance = in.variance * 2
}
block d(channels, number = 2) {
  out = (in -> conv(channels)) * (number / in.variance)
  out.variance = in.variance
}
model m {
  input = 3 x 32 x 32
  input.variance = 1
  classes = 10
  stages {
    | op | channels | stride | number | layers |
    | b  | 16       | 2      | -      | 2      |
    | c  | -        | 2      | -      | 2      |
    | d  | 8        | -      | 3      | 2      |
    | b  | 16       | 2      | -      | 2      |
  }
  head = global_avg_pool -> linear(classes)
}
""",
    "layers that are compared": """
block b(channels, g = relu, body = conv(kernel = 3)) {
  out = in -> body(channels) -> conv(channels) when g == relu -> norm when body == conv(kernel = 3) -> g when g != none
}
model m(g = silu) {
  input = 3 x 8 x 8
  act = silu
  stem = b(4, g = act) -> b(4, g = g) -> b(4, body = conv) -> conv(4, 3) when g == act
}
variants m {
  | name | g    |
  | a    | silu |
  | b    | relu |
}
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    architectures = compile_source(Source("program.arch", PROGRAMS[name])).checked()
    check_file(architectures)
    namespace = module_of(emit(architectures, "program.arch"))
    for architecture in architectures:
        check_alone(architecture, namespace)
