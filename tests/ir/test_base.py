"""Shapes of maps and of series, and how JSON has them."""

from __future__ import annotations

import json

import archdsl
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Line, Shape

SERIES = "model net { input = 2 x 64\nstem = conv(8, 5, stride = 2) -> norm\nhead = global_avg_pool -> linear(3) }"


def test_a_series_is_a_map_of_height_one_that_is_written_without_it() -> None:
    line, flat = Line(8, 1, 32), Shape(8, 1, 32)
    assert (str(line), str(flat)) == ("8 x 32", "8 x 1 x 32")
    assert (line.sizes, flat.sizes) == ((8, 32), (8, 1, 32))
    assert line.elements == flat.elements == 256
    assert isinstance(line._replace(channels=4), Line)
    assert isinstance(line.stretched(Line(1, 1, 1)), Line)
    assert line.alike(Shape(4, 1, 2)) == Line(4, 1, 2)


def test_json_has_two_numbers_for_a_series() -> None:
    architecture = archdsl.loads(SERIES).architecture
    text = architecture.to_json()
    again = Architecture.from_json(text)
    assert json.loads(text)["input"] == [2, 64]
    assert again == architecture
    assert again.to_json() == text
    assert isinstance(again.input, Line)
    assert isinstance(again.output, Line)
    assert again.stem is not None
    assert str(again.stem.output) == "8 x 32"


def test_the_schema_takes_maps_and_series() -> None:
    shapes = Architecture.model_json_schema()["$defs"]["Shape"]["oneOf"]
    assert sorted(one["minItems"] for one in shapes) == [2, 3]
