"""A block takes the place of those of its name: in the file, in the library's blocks, in what a model inherits."""

from __future__ import annotations

from pathlib import Path

import pytest

from archdsl.compiler import compile_file

PLAIN_SE = "block squeeze_excite(squeezed) { out = in * (in -> global_avg_pool -> conv(in.channels) -> sigmoid) }\n"
NET = """\
model net {
  input = 3 x 32 x 32
  stages {
    | op     | channels | se   |
    | mbconv | 8        | 0.25 |
  }
}
"""
TABLE = NET.replace(" se   |", "").replace(" 0.25 |", "")
OTHER = "block unit(channels) { out = in -> conv(channels, 3) -> norm }\n" + TABLE.replace("mbconv", "unit")


def params(folder: Path, **files: str) -> dict[str, int]:
    """The parameters of the networks of `net.arch`, beside other files."""
    for name, text in files.items():
        (folder / f"{name}.arch").write_text(text)
    compiled = compile_file(folder / "net.arch")
    assert compiled.problems == ()
    return {made.name: made.costs.model().params for made in compiled.architectures}


@pytest.fixture
def base(tmp_path: Path) -> int:
    return params(tmp_path, net=NET)["net"]


def test_in_the_blocks_of_the_library(tmp_path: Path, base: int) -> None:
    hidden, squeezed = 24, 1
    excite = hidden * squeezed + squeezed + squeezed * hidden + hidden
    assert params(tmp_path, net=PLAIN_SE + NET)["net"] == base - excite + hidden * hidden


def test_in_an_extended_model(tmp_path: Path) -> None:
    own = params(tmp_path, net=PLAIN_SE + NET)["net"]
    child = 'use "base.arch"\n' + PLAIN_SE + "model mine extends net { }\n"
    assert params(tmp_path, base=NET, net=child) == {"mine": own}
    # By way of another file, and for a model that is extended twice.
    between = 'use "base.arch"\nmodel between extends net { }\n'
    child = child.replace("base", "between").replace("extends net", "extends between")
    assert params(tmp_path, base=NET, between=between, net=child) == {"mine": own}


def test_one_that_is_brought_in(tmp_path: Path) -> None:
    own = params(tmp_path, net=PLAIN_SE + NET)["net"]
    child = 'use "base.arch"\nuse "blocks.arch"\nmodel mine extends net { }\n'
    assert params(tmp_path, base=NET, blocks=PLAIN_SE, net=child) == {"mine": own}
    assert params(tmp_path, blocks=PLAIN_SE, net='use "blocks.arch"\n' + NET) == {"net": own}


def test_a_block_of_another_file(tmp_path: Path) -> None:
    plain = params(tmp_path, net=OTHER)["net"]
    assert params(tmp_path, base=OTHER, net='use "base.arch"\nmodel mine extends net { }\n') == {"mine": plain}
    unit = "block unit(channels) { out = in -> conv(channels, 5) -> norm }\n"
    child = 'use "base.arch"\n' + unit + "model mine extends net { }\n"
    assert params(tmp_path, base=OTHER, net=child) == {"mine": plain + 3 * 8 * (25 - 9)}


def test_two_files_keep_their_own_blocks_of_one_name(tmp_path: Path) -> None:
    other = OTHER.replace("conv(channels, 3)", "conv(channels, 5)").replace("model net", "model wide")
    both = 'use "a.arch"\nuse "b.arch"\nmodel x extends net { }\nmodel y extends wide { }\n'
    found = params(tmp_path, a=OTHER, b=other, net=both)
    assert found["y"] - found["x"] == 3 * 8 * (25 - 9)


def test_a_helper_of_a_block_that_is_only_called_stays(tmp_path: Path) -> None:
    blocks = "block inner(c) { out = in -> conv(c) }\nblock outer(channels) { out = in -> inner(channels) }\n"
    table = TABLE.replace("mbconv", "outer")
    plain = params(tmp_path, blocks=blocks, net='use "blocks.arch"\n' + table)
    own = 'use "blocks.arch"\nblock inner(c) { out = in -> conv(c, 3) }\n' + table
    assert params(tmp_path, blocks=blocks, net=own) == plain


def test_one_that_does_not_fit_is_an_error_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "net.arch").write_text("block squeeze_excite(a, b) { out = in -> conv(a) -> conv(b) }\n" + NET)
    (problem,) = compile_file(tmp_path / "net.arch").problems
    assert problem.message == "`squeeze_excite` needs `b`"
    assert problem.span is not None
    assert problem.span.source.name.endswith("net.arch")


@pytest.mark.parametrize(
    ("block", "message", "code", "place"),
    [
        ("mbconv(channels)", "`mbconv` has no parameters `kernel`, `stride`, `expansion` and `se`", "ARC203", "mbconv"),
        (
            "mbconv(channels, stride, expansion, se, kernel, more)",
            "`mbconv` needs `more`, which has no default",
            "ARC208",
            "mbconv",
        ),
        ("conv_norm_act(channels)", "`conv_norm_act` has no argument `kernel`", "ARC204", "conv_norm_act"),  # in a stem
        ("squeeze_excite(channels, b)", "`squeeze_excite` needs `b`", "ARC208", "b"),  # in the library
    ],
)
def test_a_block_that_does_not_fit_a_shipped_model_is_what_is_wrong(
    tmp_path: Path, block: str, message: str, code: str, place: str
) -> None:
    """The shipped file is right as it is, and not the reader's to correct: it is where the block is used."""
    text = f"block {block} {{ out = in -> conv(channels) }}\nmodel mine extends efficientnet.b0 {{ }}\n"
    (tmp_path / "net.arch").write_text('use "archdsl:efficientnet.arch"\n' + text)
    (problem,) = compile_file(tmp_path / "net.arch").problems
    assert (problem.code.name, problem.message) == (code, message)
    assert problem.span is not None
    assert (problem.span.source.name, problem.span.text) == (str(tmp_path / "net.arch"), place)
    assert any(note.span is not None and note.span.source is not problem.span.source for note in problem.notes)
    assert problem.fix is None
