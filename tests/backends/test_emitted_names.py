"""Names and texts of a program that could be taken for something else in the emitted source."""

from __future__ import annotations

import ast
import keyword
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.texts import function_name
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from tests.properties.checks import built, check_counts, check_gradients, check_outputs, module_of

EMITTED = """
stages width reduction layer layers stage rates rate depth index number block arguments rest name x inputs pipeline
divisible initialize compile torch nn Tensor functional Block self in_channels out_channels in_height in_variance
out_variance num_classes num_features drop_path drop_path_rate features_only feature_info feature_stages
forward_features forward_head forward_intermediates reset_classifier stem head pool classifier residual chosen factor
factor_2 transition pad_same DropPath PlainDropPath Conv2dSame conv2d_same Gain Chunk MapLinear features range_ _ _x __x
___ in_x own_in_x own_x own__x Mixer mixer_2 stride channels x_2
""".split()
BUILT_IN = "int float bool len range sum super list dict tuple type print next iter max min enumerate input id __import__".split()
OF_MODULES = "train forward parameters half to eval modules children apply append pop register_buffer training".split()
NAMES = list(dict.fromkeys([*EMITTED, *BUILT_IN, *OF_MODULES, *keyword.kwlist, *keyword.softkwlist]))

# Where a name can stand; `NAME` is put in for it.
PLACES = {
    "block": """
block NAME(channels, kernel = 3) {
  out = in -> conv(channels, kernel) -> act
}
block outer(channels) {
  main = in -> NAME(channels) -> NAME(channels, kernel = 1) * 2
  out = if in.channels == channels then in + (main -> NAME(channels)) else main
}
model net {
  input = 3 x 8 x 8
  classes = 5
  stem = NAME(8)
  stages {
    | op    | channels | layers |
    | outer | 8        | 2      |
    | NAME  | 16       | 1      |
  }
  head = global_avg_pool -> linear(classes)
}
""",
    "parameter": """
block unit(channels, NAME, factor = 1.0) {
  hidden = 2 * NAME
  main = in -> conv(hidden, 3) -> act when NAME > 4 -> conv(channels)
  out = if NAME > 4 then main * NAME else main
}
model net {
  input = 3 x 8 x 8
  classes = 5
  stem = conv(8)
  stages {
    | op   | channels | NAME | factor | layers |
    | unit | 8        | 4    | 1.0    | 2      |
    | unit | 16       | 8    | 2.0    | 1      |
  }
  head = global_avg_pool -> linear(classes)
}
""",
    "scalar": """
block unit(channels, n) {
  NAME = n * 2
  flag = NAME > 8
  main = in -> conv(NAME, 3) -> conv(NAME) when flag -> conv(channels)
  out = if flag then main * NAME else main
}
model net {
  input = 3 x 8 x 8
  stages {
    | op   | channels | n |
    | unit | 8        | 4 |
    | unit | 16       | 8 |
  }
}
""",
    "tensor": """
block unit(channels, skip) {
  NAME = in -> conv(channels, 3) -> norm
  joined = if skip then NAME + in else NAME
  out = (joined -> act) + NAME
}
model net {
  input = 3 x 8 x 8
  stem = conv(8)
  stages {
    | op   | channels | skip  |
    | unit | 8        | true  |
    | unit | 16       | false |
  }
}
""",
    "sum": """
block unit(channels) {
  left = in -> conv(channels)
  NAME = left + (in -> conv(channels, 3) -> act)
  out = NAME * left
}
model net {
  input = 3 x 8 x 8
  stem = unit(8)
  head = unit(4) -> unit(8)
}
""",
    "layer": """
block unit(channels) {
  NAME = [conv(channels, 3) -> norm]
  main = in -> NAME -> act -> NAME
  out = main + (in -> NAME)
}
model net {
  input = 3 x 8 x 8
  head = unit(4)
}
""",
    "layer parameter": """
block unit(channels, NAME = relu) {
  out = in -> conv(channels) -> NAME -> NAME
}
model net {
  input = 3 x 8 x 8
  head = unit(4) -> unit(4, NAME = silu) -> unit(4, NAME = [conv(4) -> norm])
}
""",
    "step": """
block unit(channels, n) {
  main = in -> conv(channels) as NAME -> norm -> act * n as other
  weight = main -> global_avg_pool -> [conv(4) -> conv(channels)] as NAME
  out = (main * weight -> conv(channels) as NAME) + (if n > 1 then main -> conv(channels) as residual else main)
}
model net {
  input = 3 x 8 x 8
  classes = 5
  stem = conv(8) as NAME -> norm
  stages {
    | op   | channels | n |
    | unit | 8        | 1 |
    | unit | 8        | 2 |
  }
  head = conv(8) -> global_avg_pool -> dropout as other -> linear(classes) as NAME
}
""",
    "model": """
block unit(channels) {
  out = in -> conv(channels)
}
model NAME(n = 8) {
  input = 3 x 8 x 8
  classes = 5
  stem = unit(n)
  head = global_avg_pool -> linear(classes)
}
model other_one {
  input = 3 x 8 x 8
  stem = unit(8)
}
""",
    "model parameter": """
block unit(channels, kernel = 3) {
  out = in -> conv(channels, kernel)
}
model net(NAME = 8, other = 1) {
  input = 3 x 8 x 8
  classes = 5
  stem = conv(NAME) -> dropout(NAME / 100)
  stages {
    | op   | channels | kernel | layers |
    | unit | NAME     | 3      | other  |
    | unit | 8        | 1      | 2      |
  }
  head = conv(NAME) -> global_avg_pool -> linear(classes)
}
variants net {
  | name | NAME | other |
  | b0   | 8    | 1     |
  | b1   | 16   | 2     |
}
""",
    "stage": """
block unit(channels, stride = 1) {
  out = in -> conv(channels, 3, stride = stride)
}
model net {
  input = 3 x 8 x 8
  stages {
    | op   | channels | stride | name |
    | unit | 8        | 2      | NAME |
    | unit | 8        | 2      | last |
  }
}
""",
    "fact": """
block unit(channels, stride = 1) {
  out = (in -> conv(channels, 3, stride = stride)) * (1 / in.NAME)
  out.NAME = in.NAME * 1.5 + 1
}
model net {
  input = 3 x 8 x 8
  stem = conv(8)
  stem.NAME = 2
  stages {
    | op   | channels | stride | layers |
    | unit | 8        | 2      | 2      |
    | unit | 16       | 1      | 3      |
  }
  head = global_avg_pool
}
""",
}


def networks(text: str) -> tuple[Architecture, ...]:
    """The networks of a text; none when the compiler refuses a name in it, which it does with a diagnostic."""
    compiled = compile_source(Source("names.arch", text))
    assert compiled.architectures or compiled.problems
    return compiled.architectures


def check(architectures: tuple[Architecture, ...]) -> str:
    """Builds all networks of a file and compares them with what the IR says. Their source."""
    source = emit(architectures, "names.arch")
    namespace = module_of(source)
    assert sorted(namespace["__all__"]) == sorted(function_name(a.name) for a in architectures)
    for architecture in architectures:
        model = built(namespace, architecture)
        check_counts(architecture, model)
        check_outputs(architecture, model)
        check_gradients(architecture, model)
    return source


@pytest.mark.parametrize("place", PLACES)
def test_any_name_in_any_place(place: str) -> None:
    accepted = 0
    for name in NAMES:
        architectures = networks(PLACES[place].replace("NAME", name))
        if architectures:
            accepted += 1
            check(architectures)
    assert accepted > len(NAMES) // 2


def sources() -> Iterator[tuple[str, str]]:
    for place, text in PLACES.items():
        for number, name in enumerate(NAMES[sum(map(ord, place)) % 5 :: 5]):
            architectures = networks(text.replace("NAME", name))
            if architectures:
                yield f"{place.replace(' ', '_')}_{number}", emit(architectures, "names.arch")


def test_linters_are_silent_whatever_the_names(tmp_path: Path) -> None:
    for name, source in sources():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    files = sorted(map(str, tmp_path.glob("*.py")))
    for command in (["mypy", "--strict", "--config-file", os.devnull], ["ruff", "check", "--isolated"]):
        done = subprocess.run([sys.executable, "-m", *command, *files], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
