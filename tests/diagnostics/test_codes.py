"""The table that says, by number, which exit code a problem leads to."""

from __future__ import annotations

import pytest

from archdsl.cli.exit_codes import COULD_NOT_RUN, FINDINGS, FINE, exit_code
from archdsl.diagnostics import Diagnostic, Source, Span
from archdsl.diagnostics.codes import ALL, BY_NUMBER, Code, Outcome

TEXT = Span(Source("net.arch", "model"), 0, 5)
OPTION = Span(Source("--macs", "400M"), 0, 4)
ALWAYS_FOUND = {"ARC701", "ARC702", "ARC703", "ARC704", "ARC802", "ARC905", "ARC914"}


@pytest.mark.parametrize("code", ALL, ids=[code.name for code in ALL])
def test_the_exit_code_follows_from_the_number(code: Code) -> None:
    assert (code.outcome is Outcome.FOUND) == (code.name in ALWAYS_FOUND)
    elsewhere = FINDINGS if code.name in ALWAYS_FOUND else COULD_NOT_RUN
    expected = {TEXT: FINDINGS, OPTION: elsewhere, None: elsewhere}
    for span, exits in expected.items():
        assert exit_code([Diagnostic(code, "wrong", span)]) == (FINE if code.is_hint else exits)


def test_every_number_is_in_the_table() -> None:
    hundreds = {code.name[:4] for code in ALL}
    assert hundreds <= set(BY_NUMBER)
    assert set(BY_NUMBER) <= hundreds | {code.name for code in ALL}
