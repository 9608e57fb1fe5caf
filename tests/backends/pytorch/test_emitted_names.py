"""Names and texts of a program that could be taken for something else in the emitted source."""

from __future__ import annotations

import ast
import keyword

import pytest

from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.texts import function_name
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from tests.properties.checks import built, check_outputs, module_of
from tests.selection import one_in

EMITTED = """
stages width reduction layer layers stage rates rate depth index number block arguments rest name x inputs pipeline
divisible initialize compile torch nn Tensor functional Block self in_channels out_channels in_height in_variance
out_variance num_classes num_features drop_path drop_path_rate features_only feature_info feature_stages
forward_features forward_head forward_intermediates reset_classifier stem head pool classifier residual chosen factor
factor_2 transition pad_same DropPath PlainDropPath Conv2dSame conv2d_same Gain Chunk MapLinear features range_ _ _x __x
___ in_x own_in_x own_x own__x Mixer mixer_2 stride channels x_2
""".split()  # noqa: SIM905
BUILT_IN = """
int float bool len range sum super list dict tuple type print next iter max min enumerate input id __import__
""".split()  # noqa: SIM905
OF_MODULES = """
train forward parameters half to eval modules children apply append pop register_buffer training requires_grad_
""".split()  # noqa: SIM905
KEYWORDS = [*keyword.kwlist, *keyword.softkwlist]
NAMES = list(dict.fromkeys([*EMITTED, *BUILT_IN, *OF_MODULES, *KEYWORDS]))

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
    "further tensor": """
block unit(NAME, channels) {
  left = in + NAME
  out = (left -> conv(channels, 3) -> act) * NAME -> conv(channels)
}
block outer(channels) {
  wide = in -> conv(channels)
  out = in -> conv(channels, 3) -> unit(wide, channels) -> unit(NAME = wide, channels = channels)
}
model net {
  input = 3 x 8 x 8
  stem = conv(8)
  stages {
    | op    | channels | layers |
    | outer | 8        | 2      |
  }
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
        assert sum(parameter.numel() for parameter in model.parameters()) == architecture.costs.model().params
        check_outputs(architecture, model)
    return source


@pytest.mark.parametrize("place", PLACES)
def test_any_name_in_any_place(place: str) -> None:
    accepted = 0
    number = list(PLACES).index(place)
    share = KEYWORDS[number % 6 :: 6]  # they are all alike
    names = one_in(5, [name for name in NAMES if name not in KEYWORDS or name in share], number % 5)
    for name in names:
        architectures = networks(PLACES[place].replace("NAME", name))
        if architectures:
            accepted += 1
            check(architectures)
    assert accepted > len(names) // 2


# Classes --------------------------------------------------------------------------------------------------------------


def test_names_that_differ_in_what_a_class_name_lacks() -> None:
    blocks = "".join(
        f"block {name}(channels) {{\n  out = in -> conv(channels, {kernel}) -> act\n}}\n"
        for name, kernel in (("my_block", 1), ("myBlock", 3), ("my__block", 5), ("MyBlock", 7), ("my_block_2", 3))
    )
    model = (
        "model my {\n  input = 3 x 8 x 8\n  classes = 5\n  stem = my_block(4) -> myBlock(4) -> my__block(4)\n"
        "  head = MyBlock(4) -> my_block_2(4) -> global_avg_pool -> linear(classes)\n}\n"
    )
    assert classes(check(networks(blocks + model))) == [
        "MyBlock",
        "MyBlock2",
        "MyBlock3",
        "MyBlock4",
        "MyBlock22",
        "My",
    ]


@pytest.mark.parametrize("model", ["unit", "Unit", "drop_path_", "Mbconv", "conv2d_same", "block", "tensor", "true_"])
def test_a_model_whose_class_could_be_that_of_a_block_or_a_helper(model: str) -> None:
    block = "block unit_(channels) {\n  out = in + (in -> conv(channels, 4) -> conv(in.channels, 4) -> drop_path)\n}\n"
    text = (
        f"{block}model {model} {{\n  input = 3 x 8 x 8\n  padding = same\n  stem = mbconv(8)\n"
        "  stages {\n    | op    | channels |\n    | unit_ | 8        |\n  }\n}\n"
    )
    names = classes(check(networks(text)))
    assert len(set(names)) == len(names)
    assert {"DropPath", "Conv2dSame"} <= set(names)


def classes(source: str) -> list[str]:
    """The classes that a source defines, in order."""
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]


# Doc comments ---------------------------------------------------------------------------------------------------------

DOCS = [
    "plain",
    'says "hello"',
    '"""',
    '"""quoted"""',
    'ends with a quote"',
    'ends with two ""',
    '"',
    "'''",
    "ends with a backslash \\",
    "\\",
    '\\"""',
    '\\\\"',
    "a tab\there, \x00 a null, \x1b[31m red",
    "\\N{BULLET} \\x41 \\u0041 \\n {braces} %s",
    "right to left \u202e override \u2066 isolate \u2069, zero\u200bwidth",
    "line\u2028separator \x0b \x0c \x85 \r carriage",
    "first\nsecond\n\n    indented\nlast",
    "\n\nblank before and after\n\n",
    "trailing spaces   \nhere too  ",
    "very long " * 40,
    "long" * 60,
    "EfficientNet — “Rethinking”, 卷积神经网络 \U0001f600",
    "# not a comment",
    "{0} {doc!r}",
    "noqa: E501 type: ignore",
    "\ud800 a lone surrogate",
]


@pytest.mark.parametrize("doc", DOCS)
def test_doc_comments_are_docstrings_and_nothing_else(doc: str) -> None:
    text = (
        "## DOC\nblock unit(channels) {\n  out = in -> conv(channels)\n}\n"
        "## DOC\nmodel net {\n  input = 3 x 8 x 8\n  stem = unit(4)\n}\n"
    )
    (network,) = networks(text)
    blocks = {key: block.model_copy(update={"doc": doc}) for key, block in network.blocks.items()}
    source = emit([network.model_copy(update={"doc": doc, "blocks": blocks})], "names.arch")
    compile(source.encode("utf-8"), "<emitted>", "exec")
    assert all(character.isprintable() or character == "\n" for character in source)
    assert max(map(len, source.splitlines())) <= 120 or "longlong" in doc
    module, plain = ast.parse(source), ast.parse(emit([network], "names.arch"))
    for name in ("Unit", "Net"):
        found = ast.get_docstring(class_of(module, name), clean=True)
        assert (found or "").split() == doc.split()
        del class_of(module, name).body[0], class_of(plain, name).body[0]
    assert ast.dump(module) == ast.dump(plain)


def class_of(module: ast.Module, name: str) -> ast.ClassDef:
    (found,) = [node for node in module.body if isinstance(node, ast.ClassDef) and node.name == name]
    return found


@pytest.mark.parametrize("name", ['a"""b.arch', "a\\.arch", "a\nimport os\n.arch", "\u202e.arch", "ü.arch", ""])
def test_file_names_are_harmless(name: str) -> None:
    (network,) = networks("model net {\n  input = 3 x 8 x 8\n  stem = conv(4)\n}\n")
    module, plain = ast.parse(emit([network], name)), ast.parse(emit([network], "names.arch"))
    assert ast.dump(ast.Module(module.body[1:], [])) == ast.dump(ast.Module(plain.body[1:], []))
