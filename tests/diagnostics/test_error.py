"""Errors that carry diagnostics."""

import pickle

import pytest

import archdsl
from archdsl.diagnostics import DiagnosticError
from archdsl.weights.mismatches import MismatchError, MismatchRow


def test_it_travels_from_one_process_to_another() -> None:
    with pytest.raises(DiagnosticError) as caught:
        archdsl.loads("model net {\n  input = 3 x 8 x 8\n  stem = cnv(8)\n}")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)
    assert "cnv" in str(again)


def test_so_does_one_that_holds_more() -> None:
    with pytest.raises(DiagnosticError) as caught:
        archdsl.loads("model net {")
    error = MismatchError(caught.value.diagnostics[0], [MismatchRow(1, "ours", None, "")], ("a", "b"))
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.rows, again.sides, again.refused) == (str(error), error.rows, ("a", "b"), None)
