"""`archdsl plan`: the table, the picture, and options that do not fit."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command

TEXT = """model net {
  input = 3 x 32 x 32
  stem  = conv(16, 3) -> norm -> act
}
recipe base for net {
  epochs    = 10
  batch     = 64
  optimizer = sgd(0.1)
}
"""


@pytest.fixture
def spec() -> Path:
    path = Path("net.arch")
    path.write_text(TEXT)
    return path


def test_plan(archdsl: Command, spec: Path) -> None:
    code, out, err = archdsl("plan", spec, "--images", "640", "--plot", "plan.svg", "--set", "epochs = 3")
    assert (code, err) == (0, "wrote plan.svg\n")
    assert out.startswith("base: net, 3 epochs of 640 images, batch 64, sgd, cosine, float32\n")
    assert Path("plan.svg").read_text().startswith("<?xml")


def test_images_that_nobody_counted_are_called_so(archdsl: Command, spec: Path) -> None:
    code, _, err = archdsl("plan", spec)
    assert (code, "1,281,167 images of ImageNet-1k" in err) == (0, True)


def test_images_to_learn_from_are_counted_as_a_training_would_have_them(archdsl: Command, spec: Path) -> None:
    for name in ("cat", "dog"):
        Path("images", name).mkdir(parents=True)
        for number in range(50):
            Path("images", name, f"{number}.png").write_bytes(b"not read")
    code, out, err = archdsl("plan", spec, "--data", "images", "--batch", "10")
    assert (code, err) == (0, "")
    assert out.startswith("base: net, 10 epochs of 90 images, batch 10, ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--devices", "3", "--images", "640"], "cannot be shared by 3 devices"),
        (["--images", "32"], "is larger than the data"),
        (["--recipe", "bas"], "unknown recipe `bas`"),
        (["--device", "a101"], "a101"),
        (["--plot", "plan.pdf"], "plan.pdf"),
        (["--set", "epochs"], "`epochs` does not set anything"),
        (["--set", "epochs = 0"], "`epochs` must be a positive whole number"),
        (["--fits", "16"], "'16' is not an amount of memory"),
    ],
)
def test_refusals(archdsl: Command, spec: Path, options: list[str], message: str) -> None:
    code, _, err = archdsl("plan", spec, *options)
    assert (code != 0, message in err) == (True, True), err
