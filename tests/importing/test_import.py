"""Definitions of other libraries: what is understood gives the networks that we have, all else is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archdsl
from archdsl.api import find
from archdsl.cli.main import main
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.diff.difference import compare
from archdsl.importing.notation import NOTATIONS, guessed, rows
from tests.importing.definitions import DEFINITIONS, Definition

# A text and options: exit code, standard output, standard error.
Import = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def imported(capsys: pytest.CaptureFixture[str]) -> Import:
    def run(text: str, *options: str) -> tuple[int, str, str]:
        Path("text").write_bytes(text.encode())
        code = main(["import", "text", *options])
        return code, *capsys.readouterr()

    return run


# What is understood --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: f"{one.model}-{one.notation}")
def test_published_definitions(definition: Definition, imported: Import) -> None:
    code, text, err = imported(definition.text, *definition.options)
    assert (code, err) == (0, "")
    Path("imported.arch").write_text(text)
    assert main(["fmt", "--check", "imported.arch"]) == 0
    assert main(["check", "imported.arch"]) == 0
    network, ours = archdsl.load("imported.arch"), find(definition.model)
    assert (network.params, network.macs) == (ours.params, ours.macs)
    # Not only as large: the same operators under the same keys, up to what a list of blocks does not say.
    found = compare(ours.architecture, network.architecture)
    assert not found.keys
    # google/automl has constants and a padding of its own, and so have its networks.
    changed = {change.what for operator in found.operators for change in operator.changes}
    assert changed <= {"eps", "momentum", *(["padding"] if definition.notation == "automl" else [])}


def test_the_text(imported: Import) -> None:
    code, text, _ = imported(
        "ds_r1_k3_s1_c16_noskip  # the first\nir_r2_k5_s2_e6_c24_se0.25, dsa_r1_k3_s1_c32\n",
        "--name", "mine", "--head", "64", "--stem", "8", "--resolution", "64x96", "--act", "leaky_relu(0.1)",
    )  # fmt: skip
    assert code == 0
    assert text == (
        "## Imported from the notation of timm.\n"
        "model mine {\n"
        "  input   = 3 x 64 x 96\n"
        "  classes = 1000\n"
        "  norm    = batch_norm\n"
        "  act     = leaky_relu(0.1)\n"
        "\n"
        "  stem = conv_norm_act(8, kernel = 3, stride = 2)\n"
        "\n"
        "  stages {\n"
        "    | op             | kernel | stride | expansion | channels | layers | se   | skip  |\n"
        "    | mbconv         | 3      | 1      | 1         | 16       | 1      | -    | false |\n"
        "    | mbconv         | 5      | 2      | 6         | 24       | 2      | 0.25 | -     |\n"
        "    | separable_conv | 3      | 1      | -         | 32       | 1      | -    | -     |\n"
        "  }\n"
        "\n"
        "  head = conv_norm_act(64) -> global_avg_pool -> linear(classes)\n"
        "}\n"
    )


def test_files(imported: Import, capsys: pytest.CaptureFixture[str]) -> None:
    Path("My net-1.txt").write_text(DEFINITIONS[0].text)
    assert main(["import", "My net-1.txt", "--out", "found.arch"]) == 0
    assert capsys.readouterr().out == "wrote found.arch\n"
    assert Path("found.arch").read_text().startswith("## Imported from the notation of timm.\nmodel found {")
    assert main(["import", "My net-1.txt", "--out", "out.arch"]) == 0  # a name that the language has taken
    assert "model imported {" in Path("out.arch").read_text()
    capsys.readouterr()
    assert main(["import", "My net-1.txt"]) == 0
    assert "model my_net_1 {" in capsys.readouterr().out
    assert main(["import", "none.txt"]) == 2


def test_standard_input() -> None:
    command = [sys.executable, "-m", "archdsl", "import", "-", "--name", "mine"]
    done = subprocess.run(command, input="ds_r1_k3_s1_c16\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "model mine {" in done.stdout


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda one: f"{one.model}-{one.notation}")
def test_the_notation_is_guessed(definition: Definition) -> None:
    assert guessed(Source("text", definition.text)) == definition.notation


def test_keywords_and_tuples(imported: Import) -> None:
    text = "(MBConvConfig(1, 3, 1, num_layers=1, out_channels=16, input_channels=32),)"
    assert "| mbconv | 3      | 1      | 1         | 16       | 1      | 0.25 |" in imported(text)[1]


def test_no_digit_is_lost(imported: Import) -> None:
    _, text, _ = imported("ds_r1_k3_s1_c16, ir_r1_k3_s2_e3.1415926_c24_se0.0416666")
    assert "| mbconv | 3      | 2      | 3.1415926 | 24       | 1      | 0.0416666 |" in text


@pytest.mark.parametrize(
    ("text", "params"),
    [
        # timm rounds channels, and squeezes a share of the expanded ones.
        ("ir_r1_k3_s1_e6_c20", 1_328_504),
        ("[['cn_r2_k5_s1_c8'], ['er_r2_k7_s1_e2.5_c32_se0.5']]", 1_474_917),
        # torchvision rounds channels, and the expanded ones of MobileNetV2 only to whole numbers.
        ("[[6, 20, 2, 2]]", 1_337_336),
        ("[[6, 20, 2, 2], [1.5, 24, 1, 1]]", 1_339_580),
        ("[MBConvConfig(6, 3, 2, 32, 20, 1)]", 1_331_776),
        # Below the rounding step nothing is expanded, in one row and in the second block of another.
        ("[MBConvConfig(1.1, 3, 2, 32, 20, 1)]", 1_316_928),
        ("[MBConvConfig(1.1, 3, 2, 80, 32, 2)]", 1_343_524),
        # google/automl rounds what is read and put out, and squeezes before the only convolution.
        ("r2_k5_s2_e4_i12_o24_c1", 1_402_200),
        ("r1_k3_s1_e1_i12_o24_c1_se0.25", 1_318_396),
    ],
)
def test_numbers_are_those_of_the_library(text: str, params: int, imported: Import) -> None:
    code, spec, err = imported(text)
    assert (code, err) == (0, "")
    assert archdsl.loads(spec).params == params


def test_even_kernels_of_timm(imported: Import, capsys: pytest.CaptureFixture[str]) -> None:
    _, text, _ = imported("cn_r1_k4_s2_c16")
    assert text.startswith("## Convolution, normalization and activation like `conv_norm_act`, with its padding said")
    assert "| padded_conv | 4      | 2      | 16       | 1      | 2       |" in text
    Path("even.arch").write_text(text)
    assert main(["estimate", "even.arch"]) == 0
    assert "16 x 57 x 57" in capsys.readouterr().out


def test_numbers_that_are_not_those_of_the_text_have_a_comment(imported: Import) -> None:
    _, text, _ = imported(
        "[['cn_r1_k3_s1_c20'], ['er_r3_k3_s1_e2.5_c32_se0.5'], ['er_r1_k3_s2_e4_fc9_c32']]", "--stem", "20"
    )
    assert "  stem = conv_norm_act(24, kernel = 3, stride = 2)  # 20 channels rounded\n" in text
    start = text.index("    | op")
    assert text[start : text.index("  }", start)] == (
        "    | op            | kernel | stride | expansion | hidden | channels | layers | se  | squeezed |\n"
        "    | conv_norm_act | 3      | 1      | -         | -      | 24       | 1      | -   | -        |"
        "  # 20 channels rounded\n"
        "    | edge_residual | 3      | 1      | -         | 64     | 32       | 1      | -   | 13       |"
        "  # expansion 2.5, se 0.5\n"
        "    | fused_mbconv  | 3      | 1      | 2.5       | -      | 32       | 2      | 0.5 | -        |\n"
        "    | edge_residual | 3      | 2      | -         | 64     | 32       | 1      | -   | -        |"
        "  # expansion 4 of 9 channels\n"
    )


def test_activations_that_are_the_notations_own(imported: Import) -> None:
    assert "act     = relu6" in imported("[[6, 24, 2, 2]]")[1]
    assert "act     = relu\n" in imported("[[6, 24, 2, 2]]", "--act", "relu")[1]
    assert "act     = silu" in imported("[MBConvConfig(6, 3, 2, 32, 24, 1)]")[1]


def test_a_model_called_as_a_block_of_the_file(imported: Import) -> None:
    code, out, err = imported("ir_r1_k3_s1_e1_c16", "--name", "inverted_residual")
    assert (code, out) == (2, "")
    assert "`inverted_residual` is a block of the file" in err


# What is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        # Unknown letters and words, which timm ignores.
        ("ir_r2_k3_s2_e6_c24_sse0.25", "1:20", "unknown flag `sse0.25`"),
        ("ir_r2_k3_s2_e6_c24_q9", "1:20", "unknown flag `q9`"),
        ("[\n  ['ds_r1_k3_s1_c16'],\n  ['ir_r2_k3_s2_e6_c24_sse0.25'],\n]", "3:24", "unknown flag `sse0.25`"),
        ("uir_r1_k3_s2_e4_c24", "1:1", "`uir` cannot be imported"),
        ("xr_r2_k3_s2_e6_c24", "1:1", "unknown kind of block `xr`"),
        ("ir_r2_k3_s2_e6_c24_SE0.25", "1:20", "unknown flag `SE0.25`"),
        ("ir_r2_k3_s2_e6_c24_nxx", "1:20", "unknown activation `nxx`"),
        ("ir_r2_k3_s2_e6_c24_nre", "1:20", "this block has the activation relu, the model silu"),
        ("ir_r2_k3_s2_e6_c24_cc4", "1:20", "`cc4` cannot be imported"),
        ("ir_r2_k3_a1_s2_e6_c24", "1:10", "`a1` cannot be imported"),
        ("r1_k3_s22_e6_i32_o16_cc8", "1:22", "`cc8` cannot be imported"),
        # Missing parts.
        ("ir_k3_s2_e6_c24", "1:1", "the number of layers is missing"),
        ("ir_r2_s2_e6_c24", "1:1", "the kernel is missing"),
        ("ir_r2_k3_e6_c24", "1:1", "the stride is missing"),
        ("ir_r2_k3_s2_c24", "1:1", "the expansion is missing"),
        ("ir_r2_k3_s2_e6", "1:1", "the number of output channels is missing"),
        ("r1_k3_s11_e1_o16", "1:1", "the number of input channels is missing"),
        ("r1_k3_s11_i32_o16", "1:1", "the expansion is missing"),
        ("[MBConvConfig(1, 3, 1, 32, 16)]", "1:2", "missing argument: num_layers"),
        ("[[1, 16, 1]]", "1:2", "a row has four numbers"),
        # Too many.
        ("ir_r2_k3_k5_s2_e6_c24", "1:10", "`k` is given twice"),
        ("ir_r2_k3_s2_e6_c24_noskip_skip", "1:27", "`skip` and `noskip` exclude each other"),
        ("[MBConvConfig(1, 3, 1, 32, 16, 1, 1.1)]", "1:35", "a row has 6 numbers"),
        ("[MBConvConfig(1, 3, 1, 32, 16, 1, kernel=3)]", "1:35", "`kernel` is given twice"),
        ("[MBConvConfig(1, 3, 1, 32, 16, 1, kernle=3)]", "1:35", "unknown argument `kernle`"),
        # Values.
        ("ir_r0_k3_s2_e6_c24", "1:5", "the number of layers must be a whole number from 1"),
        ("ir_r2_k3.5_s2_e6_c24", "1:8", "the kernel must be a whole number from 1"),
        ("ir_r2_k_s2_e6_c24", "1:7", "`k` has no number that can be read"),
        ("ir_r2_k3_s2_e0_c24", "1:14", "an expansion must be larger than 0"),
        ("ir_r2_k3_s2_e6_c24_se2", "1:22", "a share of channels is at most 1"),
        ("ir_r2__k3_s2_e6_c24", "1:6", "there is nothing between two `_`"),
        ("[['']]", "1:3", "it is not clear"),
        ("r1_k3_s12_e6_i32_o16", "1:8", "the strides of height and width are different"),
        ("r1_k3_s11_e6_i32_o16_c2", "1:23", "unknown kind of convolution 2"),
        # Channels that do not chain.
        ("r1_k3_s11_e1_i32_o16\nr2_k3_s22_e6_i24_o24", "2:15", "this row reads 24 channels, and gets 16"),
        (
            "[MBConvConfig(1, 3, 1, 32, 16, 1),\n MBConvConfig(6, 3, 2, 24, 24, 2)]",
            "2:24",
            "this row reads 24 channels, and gets 16",
        ),
        # What means something else there.
        ("ds_r2_k3_s2_e6_c24", "1:14", "this kind of block does not expand"),
        ("dsa_r2_k3_s2_c24_se0.25", "1:20", "this kind of block has no squeeze-and-excitation"),
        ("[['ir_r1_k3_s2_e6_c24', 'ir_r1_k3_s2_e6_c24']]", "1:36", "only the first block of a stage"),
        ("ir_r1_k3_s1_e6_c24_skip", "1:20", "`ir` adds its input without `skip`"),
        ("r1_k3_s11_e1_i24_o24_c1", "1:23", "a `c1` that does not expand is a projection alone"),
        ("r1_k3_s22_e4_i24_o24_c1", "1:23", "the projection of `c1` has the stride"),
        ("r1_k3_s11_e4_i24_o24_c1_se0.25", "1:27", "`c1` has no squeeze-and-excitation"),
        ("r1_k3_s1_e4_i24_o24_noskip", "1:21", "automl ignores `noskip`"),
        (
            "r1_k3_s11_e4_i24_o24\nr1_k3_s1_e4_i24_o24",
            "2:8",
            "this stride is one digit, that of the first block a pair",
        ),
        ("r1_k3_s1_e2.5_i24_o24", "1:11", "an expansion must be a whole number in this library"),
        ("ir_r1_k3_s3_e6_c24", "1:11", "a stride must be 1 or 2"),
        ("ir_r1_k3_s1_e6_c24_fc24", "1:22", "timm ignores `fc` in a `ir`"),
        ("ds_r1_k4_s1_c32", "1:8", "a kernel of 4 makes the map smaller by one, and the input cannot be added to it"),
        ("ds_r1_k3_s1_c16_se0.01", "1:19", "0.01 of 32 channels round to none"),
        ("cn_r120_k2_s1_c8", "1:10", "a kernel of 2 leaves nothing of a map of 111"),
        ("cn_r1_k3_s2_c8\n" * 5, "5:11", "maps are 32 times smaller already"),
        ("[[0.01, 16, 1, 1]]", "1:3", "0.01 times 32 channels round to none"),
        ("[[6, 16, 1, 3]]", "1:13", "a stride must be 1 or 2"),
        ("[MBConvConfig(0, 3, 1, 32, 16, 1)]", "1:15", "an expansion must be larger than 0"),
        ("[MBConvConfig(1, 3, 1, 32, 16, 1), [6, 24, 1, 2]]", "1:36", "are for different networks"),
        (
            "[FusedMBConvConfig(1, 3, 1, 20, 20, 1), MBConvConfig(6, 3, 2, 20, 24, 2)]",
            "1:63",
            "reads 20 channels, 24 when",
        ),
        # No definition at all.
        ("[['ir_r2_k3_s2_e6_c24'", "1:2", "this is not valid Python: '[' was never closed"),
        ("x = [['ir_r2_k3_s2_e6_c24']]\ny = 1", "2:1", "there is more than one statement"),
        ("[['ir_r2_k3' '_s2_e6_c24']]", "1:3", "write each block as one plain string"),
        ("[['ir_r2_k3_s2_e6_c24'], []]", "1:26", "this list is empty"),
        ("['ir_r2_k3_s2_e6_c24']", "1:2", "a stage is a list"),
        ("[MBConvConfig(1, 3, 1, 32, 2 ** 4, 1)]", "1:28", "this is not a number that can be read"),
        ("[MBConvConfig(1, 3, True, 32, 16, 1)]", "1:21", "this is not a number that can be read"),
        ("[MBConvConfg(1, 3, 1, 32, 16, 1), MBConvConfig(6, 3, 2, 16, 24, 2)]", "1:2", "unknown class `MBConvConfg`"),
        ("[__import__('os').system('touch pwned'), MBConvConfig(6, 3, 2, 16, 24, 2)]", "1:2", "a row is a "),
    ],
    ids=lambda value: None if len(value) > 40 else value,
)
def test_refused_with_its_place(text: str, place: str, message: str, imported: Import) -> None:
    code, out, err = imported(text)
    assert out == ""
    assert message in err
    if "not clear" in message:
        assert code == 2
    else:
        assert code == 1
        assert f"text:{place}: error" in err
    assert not Path("pwned").exists()


@pytest.mark.parametrize(
    ("text", "places"),
    [
        # Several in one row, and the rows around it.
        ("ir_r2_k3_s2_q9_e6_c24_cc4\nxr_r1_k3_s1_c16, ir_r2_k3_s1_e6_c24_nxx", "1:13 1:23 2:1 2:37"),
        ("ir_r0_k3.5_e6_c24\nds_r1_k3_s1_c16_skip", "1:1 1:5 1:8 2:17"),
        ("[['ir_r1_k3_s2_e6_c24', 'ir_k3_s2_e6_c24'], 3, [4, 'ir_r1_z3_s2_e6_c24']]", "1:26 1:33 1:45 1:49 1:59 1:63"),
        ("r1_s12_i32_o16\nr2_k3_s22_e6_i16_o24_z1", "1:1 1:1 1:5 2:22"),
        # A row that cannot be read, one that can and means what cannot be built, one that does not follow from it.
        ("ir_r1_k3_s1_e6_c20_zz\nds_r1_k4_s1_c9_se3\nir_r2_k2_s1_e1_c20_noskip", "1:20 2:18"),
        ("ir_r1_k3_s1_c16_sse0.1_nre\nds_r1_k3_s1_c16\nds_r1_k2_s1_c16", "1:17 1:24 3:8"),
        ("dsa_r1_k3_s3_e2_c20_se0.5_cc2_fc8", "1:12 1:15 1:23 1:27 1:33"),
        (
            "[MBConvConfig(-1, 3, 'a', 32, 16, 1, 1.1, nam=3), MBConvConfg(1), [1, 2]]",
            "1:15 1:22 1:38 1:43 1:51 1:67 1:67",
        ),
        ("[MBConvConfig(1, 0, 1, 32, 16, 1), [1, 0, 1, 0]]", "1:18 1:36 1:40 1:46"),
        # Rows that can be read, and do not follow from each other or do not mean what ours do.
        (
            "r1_k3_s11_e1_i32_o16\nr2_k3_s22_e6_i24_o24_se2\nr1_k3_s11_e0_i24_o32",
            "2:15 2:24 3:12",
        ),
    ],
)
def test_all_mistakes_are_told_at_once(text: str, places: str, imported: Import) -> None:
    code, out, err = imported(text)
    assert (code, out) == (1, "")
    assert [line.split(": error")[0] for line in err.splitlines() if ": error" in line] == [
        f"text:{p}" for p in places.split()
    ]


def test_columns_are_characters(imported: Import) -> None:
    _, _, err = imported("[['ds_r1_k3_s1_c16'], ['é'], ['ir_r2_k3_s2_e6_c24']]")
    assert "text:1:25: error" in err
    _, _, err = imported("[['ds_r1_k3_s1_c16'],  # ééé\n ['ir_r1_k3_s1_c16_é']]", "--from", "timm")
    assert "text:2:20: error" in err
    _, _, err = imported("[['ds_r1_k3_s1_c16'],\r\n ['ir_r1_k3_s1_c16_é']]")
    assert "text:2:20: error" in err


@pytest.mark.parametrize("text", ["", "# nothing", "hello", "1", "[]", "ir_r2_k3_s2_e6_c24 r1_k3_s1_e1_i32_o16"])
def test_no_guess(text: str, imported: Import) -> None:
    code, out, err = imported(text)
    assert (code, out) == (2, "")
    assert "it is not clear which notation text is in" in err


@pytest.mark.parametrize(
    "options",
    [("--name", "a b"), ("--act", "relu }"), ("--act", "nonsense"), ("--name", "conv"), ("--stem", "0")],
    ids=lambda options: options[1],
)
def test_wrong_options(options: tuple[str, ...], imported: Import) -> None:
    code, out, _ = imported("ds_r1_k3_s1_c16", *options)
    assert code == 2
    assert out == ""


def test_maps_that_vanish(imported: Import) -> None:
    code, out, err = imported("ds_r1_k3_s1_c16", "--resolution", "8")
    assert (code, err) == (0, "")
    assert "8 x 8" in out


@pytest.mark.parametrize("text", ["[" * 5000, "[" + "-" * 90_000 + "1]", "[" + "1," * 90_000 + "]", "a" * 200_000])
@pytest.mark.parametrize("notation", NOTATIONS)
def test_texts_that_hurt(text: str, notation: str) -> None:
    with pytest.raises(DiagnosticError):
        rows(Source("text", text), notation, "silu")


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.sampled_from(DEFINITIONS), st.data())
def test_no_character_is_passed_over(definition: Definition, data: st.DataObject) -> None:
    """A text with one character more or less is refused, or says something else, or differs in what means nothing."""
    text = definition.text
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("abcdeiknoprsx019_.'\"[](),=# \n"))
    changed = text[:place] + letter + text[place + data.draw(st.booleans()) :]

    def said(one: str) -> object:
        act = definition.options[-1] if "--act" in definition.options else "silu"
        found = rows(Source("text", one), definition.notation, act)
        numbers = ("kernel", "stride", "channels", "layers", "expansion", "se", "inputs")
        return [
            (row.rule, row.skip, *(value and value.value for value in (getattr(row, name) for name in numbers)))
            for row in found
        ]

    try:
        same = said(changed) == said(text)
    except DiagnosticError:
        return
    if same:
        strip = str.maketrans("", "", " \n\"'[](),")
        assert meaning(changed).translate(strip) == meaning(text).translate(strip)


def meaning(text: str) -> str:
    """A text without comments and the name that it is bound to."""
    lines = [line.partition("#")[0] for line in text.splitlines()]
    joined = "".join(lines)
    return joined.partition("=")[2] if "=" in joined else joined
