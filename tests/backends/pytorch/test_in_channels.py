"""`in_channels`: the network of the same text with other images, or a refusal that says why."""

from __future__ import annotations

import pytest

from archdsl.backends.pytorch import emit
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from tests.properties.checks import built, check_channels, module_of

FOLLOWED = {
    "a factor of a tensor": """
block b() {
  scale = sqrt(in.channels)
  out = in * scale + (in -> conv(in.channels, 3))
}
model m {
  input = 3 x 16 x 16
  classes = 5
  stages {
    | op | layers |
    | b  | 2      |
  }
  head = global_avg_pool -> linear(classes)
}
""",
    "a head with a convolution in some variants, to as many channels as there are without it": """
block b() {
  out = concat(in, in -> conv(4, 3))
}
model m(is_wide = true) {
  input = 3 x 16 x 16
  classes = 5
  stages {
    | op | layers |
    | b  | 1      |
  }
  head = conv(7) when is_wide -> global_avg_pool -> linear(classes)
}
variants m {
  | name  | is_wide |
  | first | true    |
  | other | false   |
}
""",
    "a parameter whose default is made of the input's channels": """
block b(hidden = in.channels * 2, reduced = max(1, hidden // 4)) {
  out = in -> conv(hidden) -> conv(reduced) -> conv(in.channels)
}
model m {
  input = 3 x 16 x 16
  classes = 5
  stages {
    | op | layers |
    | b  | 2      |
  }
  head = global_avg_pool -> linear(classes)
}
""",
    "stages that keep channels": """
block k(kernel = 3) {
  out = in + (in -> depthwise(kernel) -> conv(in.channels))
}
block r(channels, stride = 1) {
  out = if in.channels == channels then in + (in -> conv(channels)) else in -> conv(channels)
}
model m {
  input = 3 x 16 x 16
  classes = 5
  stages {
    | op | kernel | channels | layers |
    | k  | 3      | - | 2 |
    | r  | -      | 4 | 2 |
  }
  head = global_avg_pool -> linear(classes)
}
""",
    "a stem that keeps channels": """
block k(kernel = 3) {
  out = in + (in -> depthwise(kernel) -> conv(in.channels))
}
model m {
  input = 3 x 16 x 16
  classes = 5
  stem = norm -> act
  stages {
    | op | kernel |  layers |
    | k  | 3      |  2 |
  }
  head = global_avg_pool -> linear(classes)
}
""",
    "no stages": """
model m {
  input = 3 x 16 x 16
  classes = 5
  stem = norm -> depthwise(3)
  head = conv(4) -> global_avg_pool -> linear(classes)
}
""",
    "a head alone": """
model m {
  input = 3 x 4 x 4
  classes = 5
  head = norm -> global_avg_pool -> linear(classes)
}
""",
    "primitives as stages": """
model m {
  input = 3 x 16 x 16
  stages {
    | op | kernel | stride | layers |
    | max_pool  | 3 | 1 | 1 |
    | norm | - | - | 2 |
    | depthwise  | 3 | 1 | 2 |
  }
  head = conv(4) -> global_avg_pool
}
""",
    "inverted bottlenecks": """
model m {
  input = 3 x 16 x 16
  stages {
    | op | channels | stride | layers | se |
    | mbconv  | 3 | 1 | 2 | 0.25 |
    | mbconv  | 6 | 1 | 2 | 0.25 |
  }
  head = conv(4) -> global_avg_pool
}
""",
    "groups of channels": """
block d(channels) {
  out = in -> conv(channels, 3, groups = in.channels) -> squeeze_excite(max(1, in.channels // 2))
    -> group_norm(in.channels)
}
model m {
  input = 3 x 16 x 16
  stages {
    | op | channels | layers |
    | d  |  12 | 1 |
    | d  |  24 | 2 |
  }
}
""",
    "layers of groups": """
model m {
  input = 4 x 16 x 16
  stem = channel_shuffle(2) -> group_norm(2) -> chunk(2, 1) -> conv(3)
}
""",
    "facts of channels": """
block d(channels) {
  out = (in -> conv(channels)) * (1 / in.variance)
  out.variance = in.variance + in.channels
}
model m {
  input = 3 x 16 x 16
  input.variance = 1
  stages {
    | op | channels | layers |
    | d  |  12 | 1 |
    | d  |  24 | 2 |
  }
}
""",
    "shortcuts": """
block r(channels, stride = 1) {
  main = in -> conv(channels, 3, stride = stride) -> norm
  short = in -> [conv(channels, stride = stride) -> norm] when stride != 1 or in.channels != channels
  out = main + short
}
model m {
  input = 3 x 16 x 16
  stages {
    | op | channels | layers |
    | r  |  4 | 1 |
    | r  |  3 | 2 |
  }
}
""",
}

REFUSED = {
    "dense blocks": """
block d(growth=4) {
  out = concat(in, in -> conv(growth, 3))
}
block t(f = 2) {
  out = in -> conv(in.channels // f)
}
model m {
  input = 3 x 16 x 16
  classes = 7
  stem = d() * 2
  stages {
    | op | growth | layers |
    | d  | 3 | 1 |
    | t  | - | 1 |
    | d  | 3 | 2 |
  }
  head = t -> global_avg_pool -> linear(classes)
}
""",
    "guards of channels": """
block d(growth=4) {
  x = in -> conv(in.channels) when in.channels > 3
  out = in -> conv(8) when in.channels < 4 -> conv(if in.channels == 2 then 5 else 6)
}
model m {
  input = 3 x 16 x 16
  classes = 7
  stem = d()
  stages {
    | op | layers |
    | d  |  1 |
    | d  |  2 |
  }
  head = global_avg_pool -> linear(classes)
}
""",
    "a parameter that one instance is given and the other makes of its input": """
block b(channels, hidden = in.channels * 2) {
  out = in -> conv(hidden) -> conv(channels)
}
model m {
  input = 3 x 16 x 16
  classes = 5
  stages {
    | op | hidden | channels |
    | b  | -      | 8        |
    | b  | 6      | 8        |
  }
  head = global_avg_pool -> linear(classes)
}
""",
    "a default that chooses between layers": """
block b(channels, is_wide = in.channels == 3) {
  out = in -> if is_wide then conv(channels, 3) else depthwise(3)
}
model m {
  input = 3 x 16 x 16
  classes = 5
  stem = b(8)
  head = global_avg_pool -> linear(classes)
}
""",
    "repetitions of channels": """
block d(channels) {
  out = in -> conv(channels, 3) * in.channels -> norm * (in.channels // 3)
}
model m {
  input = 3 x 16 x 16
  classes = 7
  stem = d(4)
}
""",
    "a linear layer on a map": """
model m {
  input = 3 x 4 x 4
  classes = 5
  stem = norm -> depthwise(3, multiplier = 2)
  head = linear(classes)
}
""",
}


def _with_head(head: str, stem: str = "conv(4)", first: str = "conv_norm_act(8)") -> str:
    """A network whose head reads maps by name."""
    return f"""
model m {{
  input = 3 x 16 x 16
  classes = 5
  stem = {stem}
  stages {{
    | name | op                           | layers |
    | c2   | {first}                      | 1      |
    | c3   | conv_norm_act(8, stride = 2) | 1      |
  }}
  {head}
}}
"""


FOLLOWED |= {
    f"a head that reads {name}": _with_head(head)
    for name, head in {
        "the size of the images": "head = c3 -> conv(classes) -> resize(like = input)",
        "the images, times a map of one channel": "head = (c3 -> conv(1) -> resize(like = input)) * input",
    }.items()
}
REFUSED |= {
    f"a head that reads {name}": text
    for name, text in {
        "the images": _with_head("head = concat(input -> avg_pool(2), c3) -> conv(classes)"),
        "the images, normalized": _with_head("head = concat(input -> norm, c3 -> resize(2)) -> conv(classes)"),
        "the images, added to as many channels": _with_head("head = input + (c3 -> conv(input.channels) -> resize(2))"),
        "the images, added to as many channels by chance": _with_head("head = input + (c3 -> conv(3) -> resize(2))"),
        "the images as one of two outputs": _with_head("outputs {\n    a = c3\n    b = input -> conv(4)\n  }"),
        "a stem without a convolution": _with_head(
            "head = concat(stem, c3 -> resize(2)) -> conv(classes)", stem="norm"
        ),
        "an early stage without a convolution": _with_head(
            "head = concat(c2, c3 -> resize(2)) -> conv(classes)", "norm", "max_pool(3, stride = 1)"
        ),
    }.items()
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_channels_of_images_are_followed(name: str) -> None:
    architectures = compile_source(Source("program.arch", FOLLOWED[name])).checked()
    source = emit(architectures, "program.arch")
    assert "is made for" not in source
    for count in (2, 4, 6):
        check_channels(FOLLOWED[name], architectures, module_of(source), count)


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_channels_decide_is_refused_for_others(name: str) -> None:
    (architecture,) = compile_source(Source("program.arch", REFUSED[name])).checked()
    namespace = module_of(emit([architecture], "program.arch"))
    assert built(namespace, architecture, in_channels=3)
    with pytest.raises(ValueError, match=r"m is made for 3 channels; for others, change its `input`"):
        built(namespace, architecture, in_channels=4)
    for count in (1, 4, 6):
        check_channels(REFUSED[name], (architecture,), namespace, count)


def test_each_variant_is_refused_for_itself() -> None:
    """One has a stem to set its channels, the other's stages read the image, whose channels decide what they are."""
    text = """
block r(body = conv_norm_act) {
  out = in + (in -> body(in.channels))
}
model m(has_stem = true) {
  input = 3 x 16 x 16
  classes = 5
  stem = conv(8) when has_stem
  stages {
    | op | body                        | layers |
    | r  | fused_mbconv(expansion = 1) | 2      |
  }
  head = global_avg_pool -> linear(classes)
}
variants m {
  | name  | has_stem |
  | first | true     |
  | other | false    |
}
"""
    architectures = compile_source(Source("program.arch", text)).checked()
    namespace = module_of(emit(architectures, "program.arch"))
    first, other = architectures
    assert built(namespace, first, in_channels=4)
    with pytest.raises(ValueError, match=r"m_other is made for 3 channels"):
        built(namespace, other, in_channels=4)
    check_channels(text, architectures, namespace, 4)
