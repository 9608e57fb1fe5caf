"""`archdsl explain` says what a code means."""

import pytest

from archdsl.diagnostics.codes import ALL
from tests.cli.conftest import Command


@pytest.mark.parametrize("word", ["ARC401", "arc401", "401"])
def test_a_code(word: str, archdsl: Command) -> None:
    code, out, err = archdsl("explain", word)
    assert (code, err) == (0, "")
    assert out.startswith("ARC401: tensors whose shapes do not combine\n\n")
    assert "\nWrong:\n\n    block unit(channels) {\n" in out
    assert "```" not in out


def test_several_codes(archdsl: Command) -> None:
    out = archdsl("explain", "ARC401", "ARC402").out
    assert out == archdsl("explain", "ARC401").out + "\n\n" + archdsl("explain", "ARC402").out


def test_the_list_of_all(archdsl: Command) -> None:
    code, out, err = archdsl("explain")
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"{code.name}  {code.title}" for code in ALL]


@pytest.mark.parametrize("word", ["40", "4010", "ARC", "", "ARCARC401", "-401"])
def test_what_is_no_code(word: str, archdsl: Command) -> None:
    assert archdsl("explain", "--", word)[:2] == (2, "")


def test_no_code(archdsl: Command) -> None:
    code, out, err = archdsl("explain", "ARC401", "ARC999")
    assert (code, out) == (2, "")
    assert "error[ARC904]: `ARC999` is not a code" in err
    assert "`archdsl explain` lists all codes" in err
