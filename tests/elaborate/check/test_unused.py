"""Names that nothing reads are reported, and only those: what inherits, scales, claims or searches reads, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from archdsl.cli.main import main
from archdsl.compiler import Compiled, compile_file, compile_source
from archdsl.diagnostics import Source
from archdsl.elaborate.check.counterparts import RENAMED, counterpart
from archdsl.elaborate.check.models import SPECIAL

ROOT = Path(__file__).parents[3]
SHIPPED = [
    path for folder in ("specs", "examples", "archdsl/stdlib") for path in sorted((ROOT / folder).glob("*.arch"))
]
REMOVE = "use it, or remove it; a name that begins with `_` is unused on purpose"
NET = "model net {\n  input = 3 x 32 x 32\n  stem = conv_norm_act(16, 3)\n"


def compile_text(text: str) -> Compiled:
    return compile_source(Source("net.arch", text))


def warnings(text: str) -> list[tuple[str, str, str | None]]:
    """The code, the name and the help of each warning of a text without mistakes."""
    compiled = compile_text(text)
    assert compiled.problems == ()
    return [(each.code.name, each.span.text if each.span else "", each.help) for each in compiled.warnings]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_have_no_name_that_nothing_reads(path: Path) -> None:
    assert compile_file(path).warnings == ()


@pytest.mark.parametrize("name", ["norm", "act", "head", "stem", "drop_path", "padding", "classes"])
@pytest.mark.parametrize("swap", range(2))
def test_swapped_letters_are_found(name: str, swap: int) -> None:
    slip = name[:swap] + name[swap + 1] + name[swap] + name[swap + 2 :]
    text = (
        f"model net {{\n  input = 3 x 32 x 32\n  {slip} = 1\n  {'head' if name == 'stem' else 'stem'} = conv(8)\n}}\n"
    )
    ((code, written, help),) = warnings(text)
    assert (code, written) == ("ARC213", slip)
    assert help is not None
    assert f"`{name}`" in help


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("activation = silu", "the setting is `act`: `act = silu`"),
        ("act_layer = relu", "the setting is `act`: `act = relu`"),
        ("normalization = group_norm(8)", "the setting is `norm`: `norm = group_norm(8)`"),
        ("num_classes = 5", "the binding is `classes`: `classes = 5`"),
        ("pad = same", "the setting is `padding`: `padding = same`"),
        ("drop_path_rate = 0.2", "stochastic depth is a schedule: `drop_path = ramp(0.2)`"),
        ("in_chans = 4", "the image's channels, height and width are one shape: `input = 3 x 224 x 224`"),
    ],
)
def test_names_of_other_libraries_have_their_counterpart(line: str, help: str) -> None:
    assert warnings(f"{NET}  {line}\n}}\n") == [("ARC213", line.split()[0], help)]


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("activaton = silu", "the setting is `act`: `act = silu`"),
        ("act_laeyr = relu", "the setting is `act`: `act = relu`"),
        ("normalizaton = group_norm(8)", "the setting is `norm`: `norm = group_norm(8)`"),
        ("num_clases = 5", "the binding is `classes`: `classes = 5`"),
        ("drop_path_rte = 0.2", "stochastic depth is a schedule: `drop_path = ramp(0.2)`"),
        ("clases = 5", "did you mean `classes`?"),  # a slip in a name of ours is one
        ("pading = same", "did you mean `padding`?"),
        ("alphabet = 5", REMOVE),  # near `alpha`, and another word
        ("pads = 5", REMOVE),
        ("fcn = 5", REMOVE),
        ("activations = 5", REMOVE),  # what networks have, and no slip in `activation`
    ],
)
def test_slips_in_names_of_other_libraries(line: str, help: str) -> None:
    assert warnings(f"{NET}  {line}\n}}\n") == [("ARC213", line.split()[0], help)]


def test_each_counterpart_is_a_binding_that_means_something() -> None:
    assert set(RENAMED.values()) <= set(SPECIAL)
    assert counterpart("Num_Classes") == counterpart("num_classes")
    assert counterpart("anything_else") is None


def test_classes_that_no_layer_reads() -> None:
    assert [code for code, _, _ in warnings(f"{NET}  classes = 10\n  require classes == 10\n}}\n")] == ["ARC214"]
    assert warnings(f"{NET}  classes = 10\n  head = global_avg_pool -> linear(classes)\n}}\n") == []
    assert warnings(f"{NET}  classes = 10\n  head = global_avg_pool -> linear(10)\n}}\n") == []
    assert [code for code, _, _ in warnings(f"{NET}  classes = 10\n  head = linear(1000)\n}}\n")] == ["ARC214"]
    assert warnings(f"{NET}  classes = 10\n  last = linear(classes)\n  head = global_avg_pool -> last\n}}\n") == []


def test_what_inherits_reads() -> None:
    base = "model base(width = 1) {\n  input = 3 x 32 x 32\n  hidden = 8 * width\n  stem = conv(hidden)\n}\n"
    assert warnings(f"{base}model child extends base {{ hidden = 4 }}\n") == []
    assert warnings(f"{base}model child(width = 2) extends base {{ }}\n") == []
    replaced = f"{base}model child extends base(width = 2) {{\n  hidden = 4\n  stem = conv(3)\n}}\n"
    assert [name for _, name, _ in warnings(replaced)] == ["width", "hidden"]
    below = f"{NET}  spare = 4\n}}\nmodel child extends net {{ head = conv(spare) }}\n"
    assert warnings(below) == []


@pytest.mark.parametrize(
    "rest",
    [
        "  k = 2\n  scale { channels = channels * k }\n  stages {\n    | op | channels |\n    | conv | 8 |\n  }\n}\n",
        "  k = 2\n  stages {\n    | op | channels |\n    | conv | 8 * k |\n  }\n}\n",
        "  k = conv\n  stages {\n    | op | channels |\n    | k | 8 |\n  }\n}\n",
        "  k = 448\n  require params <= k\n}\n",
        "  k = 2\n  objective = accuracy * k\n}\n",
        "  _k = 2\n}\n",
    ],
)
def test_what_reads(rest: str) -> None:
    assert compile_text(NET + rest).warnings == ()


def test_a_name_is_not_unread_because_another_is_misspelt() -> None:
    compiled = compile_text("block unit(channels) {\n  out = in -> conv(chanels)\n}\n")
    assert [problem.code.name for problem in compiled.problems] == ["ARC201"]
    assert compiled.warnings == ()
    assert compile_text("block unit(channels) {\n  out = in -> conv(3\n}\n").warnings == ()


def test_a_warning_stops_check_and_no_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text(f"{NET}  haed = global_avg_pool -> linear(10)\n}}\n")
    assert main(["check", str(spec)]) == 1
    assert f"{spec}:4:3: warning[ARC213]: unused name `haed`" in capsys.readouterr().err
    assert main(["check", "--fix", str(spec)]) == 1  # to rename it changes the network
    assert "haed" in spec.read_text()
    for command in ("build", "estimate"):
        assert main([command, str(spec), *(["--out", str(tmp_path)] if command == "build" else [])]) == 0
        assert "warning[ARC213]: unused name `haed`" in capsys.readouterr().err
    assert main(["check", "--output-format", "sarif", str(spec)]) == 1
    assert '"level": "warning"' in capsys.readouterr().out
    assert main(["check", "--output-format", "github", str(spec)]) == 1
    assert capsys.readouterr().out.startswith("::warning ")


NEARLY = "block NAME(squeezed, gate = sigmoid, inner = act) {\n  out = in -> conv(squeezed) -> inner -> gate\n}\n"
PLAIN = "model net {\n  input = 3 x 8 x 8\n  stem = conv_norm_act(8) -> USED\n}\n"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("squeeze_exite", "squeeze_excite"),
        ("sqeueze_excite", "squeeze_excite"),
        ("squeezeExcite", "squeeze_excite"),
        ("mbcnv", "mbconv"),
        ("fused_mbconf", "fused_mbconv"),
        ("onv_norm_act", "conv_norm_act"),
    ],
)
def test_a_block_that_nearly_replaces_one_of_the_library(name: str, meant: str) -> None:
    text = NEARLY.replace("NAME", name)
    (found,) = compile_source(Source("net.arch", text + PLAIN.replace("USED", "act"))).warnings
    assert (found.code.name, found.message) == ("ARC213", f"unused block `{name}`")
    assert (
        found.help
        == f"did you mean to replace `{meant}` of the library? A block that replaces it must have the same name"
    )
    assert found.span is not None
    assert found.span.text == name
    assert compile_source(Source("net.arch", text + PLAIN.replace("USED", f"{name}(2)"))).warnings == ()
    assert compile_source(Source("net.arch", text)).warnings == (), "a file of blocks alone is a library"


@pytest.mark.parametrize("name", ["squeeze_excite", "mbconv2", "unit", "channel_attention"])
def test_other_blocks_that_nothing_uses(name: str) -> None:
    text = NEARLY.replace("NAME", name) + PLAIN.replace("USED", "act")
    help = "use it, or remove it; one for other files has a name that begins with `_`, or a file without models"
    assert warnings(text) == [("ARC213", name, help)]
    assert warnings(text.replace(f"block {name}", f"block _{name}")) == []
    assert warnings(NEARLY.replace("NAME", name)) == []


EXTENDS = """use "archdsl:resnet.arch"
block NAME(channels, stride = 1, d = false) {
  out = in -> conv(channels, 3, stride = stride, bias = d) -> norm
}
model net extends resnet.18 { BODY }
"""


@pytest.mark.parametrize(
    "text",
    [
        # In the place of the file's, or of the library's in another block of the library: the network has it.
        EXTENDS.replace("NAME", "basic_block").replace("BODY", ""),
        EXTENDS.replace("NAME", "unit").replace("BODY", "stages 1..2 { op = unit }"),
        NEARLY.replace("NAME", "squeeze_excite") + PLAIN.replace("USED", "mbconv(8, se = 0.25)"),
        NEARLY.replace("NAME", "unit") + PLAIN.replace("USED", "{act, unit(2)}"),
        NEARLY.replace("NAME", "unit") + PLAIN.replace("net", "net(gate = unit)").replace("USED", "gate(2)"),
    ],
)
def test_blocks_that_are_used(text: str) -> None:
    assert "ARC213" not in [code for code, _, _ in warnings(text)]


@pytest.mark.parametrize(
    ("name", "meant"), [("basic", "basic_block"), ("basic_blokc", "basic_block"), ("bottelneck", "bottleneck")]
)
def test_a_block_that_nearly_replaces_one_of_an_extended_file(name: str, meant: str) -> None:
    help = f"did you mean to replace `{meant}` of resnet.arch? A block that replaces it must have the same name"
    assert warnings(EXTENDS.replace("NAME", name).replace("BODY", "")) == [("ARC213", name, help)]


def test_a_block_named_like_one_of_a_part_changes_nothing() -> None:
    text = EXTENDS.replace("NAME", "basic_block").replace("extends resnet.18 ", "")
    text = text.replace("BODY", "\n  input = 3 x 32 x 32\n  part = resnet.18\n  head = global_avg_pool\n")
    assert [(code, name) for code, name, _ in warnings(text)] == [("ARC213", "basic_block")]
