import pytest

from archdsl.backends.units import human


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.0K"),
        (1_049, "1.0K"),
        (1_050, "1.1K"),
        (999_949, "999.9K"),
        (999_950, "1.0M"),
        (118_515_272, "118.5M"),
        (56_079_699_008, "56.1G"),
        (10**21, "1000.0E"),
    ],
)
def test_human(count: int, text: str) -> None:
    assert human(count) == text
