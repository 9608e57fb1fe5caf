"""A run that is used again: evaluated, asked about pictures, and begun another training from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

import archdsl
from archdsl.cli.main import main
from archdsl.diagnostics import DiagnosticError
from archdsl.training.evaluate import evaluate
from archdsl.training.init import initialize_from
from archdsl.training.run_folder import RunFolder
from archdsl.training.settings import Settings
from archdsl.training.start import Subject, begin
from tests.training.digits import write_digits
from tests.training.nets import SMALL, network, recipe


class Silent:
    def line(self, text: str) -> None: ...
    def remark(self, text: str) -> None: ...
    def progress(self, text: str) -> None: ...


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs on digits."""
    made = tmp_path_factory.mktemp("runs")
    path = made / "run"
    settings = Settings(data=write_digits(made / "digits"), device="cpu")
    chosen = recipe(epochs=2, batch=64, resolution=16, test_resolution=16, ema=0.9, recount=10)
    begin(RunFolder(path), Subject(network().architecture, chosen), settings, Silent())
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "digit.png"
    Image.linear_gradient("L").resize((20, 28)).save(path)
    return path


def command(*arguments: str | Path) -> int:
    return main([str(one) for one in arguments])


def test_a_run_has_its_network_its_classes_and_its_weights(folder: Path):
    run = archdsl.load_run(folder)
    assert run.classes == tuple("0123456789")
    assert run.network.params == network().params
    assert not run.model.training
    from safetensors.torch import load_file

    weights = load_file(folder / "weights.safetensors")
    assert all(torch.equal(value, weights[key]) for key, value in run.model.state_dict().items())


def test_it_scores_what_the_training_said_last(folder: Path):
    found = archdsl.load_run(folder).evaluate()
    last = (folder / "metrics.csv").read_text().splitlines()
    row = dict(zip(last[0].split(","), last[-1].split(","), strict=True))
    assert found.top1 == pytest.approx(float(row["top1"]), abs=1e-3)
    assert found.loss == pytest.approx(float(row["test_loss"]), rel=1e-3)


def test_it_can_be_moved_and_nothing_else_is_needed(folder: Path, tmp_path: Path, picture: Path):
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert archdsl.load_run(moved).predict(picture) == archdsl.load_run(folder).predict(picture)


def test_predictions(folder: Path, picture: Path):
    run = archdsl.load_run(folder)
    [guesses] = run.predict(picture, top=3)
    assert len(guesses) == 3
    assert [guess.probability for guess in guesses] == sorted((g.probability for g in guesses), reverse=True)
    [every] = run.predict([Image.open(picture)], top=100)
    assert sum(guess.probability for guess in every) == pytest.approx(1)
    assert [guess.name for guess in every[:3]] == [guess.name for guess in guesses]
    with torch.no_grad():
        logits = run.model(run.transform(Image.open(picture).convert("RGB"))[None])
    assert every[0].name == run.classes[int(logits.argmax())]


def test_the_table_of_classes_and_the_matrix_are_of_the_same_answers():
    class Known(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.one_hot(x[:, 0, 0, 0].long(), 3).float()

    called = torch.tensor([0, 0, 1, 1, 0])[:, None, None, None].float()
    labels = torch.tensor([0, 0, 0, 1, 1])
    batches = [(called[:2], labels[:2]), (called[2:], labels[2:])]
    found = evaluate(Known(), batches, ("a", "b", "c"), torch.device("cpu"))
    assert found.confusion.tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert found.top1 == pytest.approx(60)
    assert found.top5 == pytest.approx(100)
    a, b, c = found.by_class()
    assert a == ("a", 3, pytest.approx(200 / 3), pytest.approx(200 / 3), "b", 1)
    assert b == ("b", 2, 50, 50, "a", 1)
    assert c == ("c", 0, None, None, None, 0)


def test_another_training_begins_with_a_run(folder: Path):
    model = network().build(num_classes=4)
    done = initialize_from(model, network(), str(folder))
    assert done.fresh == ("classifier.weight", "classifier.bias")
    assert torch.equal(model.stem.conv.weight, archdsl.load_run(folder).model.stem.conv.weight)


def test_a_network_that_has_the_trained_one_as_its_part_begins_with_a_run(folder: Path):
    """What is beside the part is fresh; a part of another width is refused with the model as it was."""
    text = f"{SMALL}\nmodel larger {{\n  input = 1 x 16 x 16\n  trunk = small\n  head = trunk.stage1 -> conv(5)\n}}\n"
    found = archdsl.loads(text, "larger")
    model = found.build()
    done = initialize_from(model, found, str(folder))
    trained = archdsl.load_run(folder).model.state_dict()
    own = {key: value for key, value in model.state_dict().items() if key.startswith("trunk.")}
    assert all(torch.equal(value, trained[key.removeprefix("trunk.")]) for key, value in own.items())
    assert done.loaded == len(own)
    assert set(done.fresh) == model.state_dict().keys() - own.keys()
    assert set(done.unused) == {key for key in trained if f"trunk.{key}" not in own}
    assert "stages.1.0.main.conv.weight" in done.unused  # the part ends with the stage that is read

    other = archdsl.loads(text.replace("| 8        | 2      | 1", "| 12       | 2      | 1"), "larger")
    wider = other.build()
    before = {key: value.clone() for key, value in wider.state_dict().items()}
    with pytest.raises(DiagnosticError, match="does not have all weights"):
        initialize_from(wider, other, str(folder))
    assert all(torch.equal(value, before[key]) for key, value in wider.state_dict().items())


def test_an_unfinished_run_is_used_with_its_best_checkpoint(folder: Path, tmp_path: Path):
    moved = shutil.copytree(folder, tmp_path / "unfinished")
    (moved / "weights.safetensors").unlink()
    one, two = archdsl.load_run(moved).evaluate(), archdsl.load_run(folder).evaluate()
    assert one.top1 >= two.top1
    shutil.rmtree(moved / "checkpoints")
    with pytest.raises(DiagnosticError, match="has no weights yet"):
        _ = archdsl.load_run(moved).model


def test_evaluate_on_the_command_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    table = tmp_path / "c.csv"
    assert command("evaluate", folder, "--output-format", "json", "--confusion", table) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["images"] == sum(map(sum, found["confusion"])) == sum(row["images"] for row in found["classes"])
    assert len(table.read_text().splitlines()) == 11
    assert command("evaluate", folder) == 0
    assert capsys.readouterr().out.startswith(f"top-1 {found['top1']:.2f} %")


def test_predict_on_the_command_line(folder: Path, picture: Path, capsys: pytest.CaptureFixture[str]):
    assert command("predict", folder, picture, "--top", "2") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert command("predict", folder, picture, "--output-format", "json") == 0
    [found] = json.loads(capsys.readouterr().out)
    assert len(found["classes"]) == 5


def test_what_is_no_run_and_no_picture_is_named(folder: Path, tmp_path: Path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG broken")
    for path in ("broken.png", "nowhere.png"):
        with pytest.raises(DiagnosticError, match=path):
            archdsl.load_run(folder).predict(tmp_path / path)
    with pytest.raises(DiagnosticError, match="is not the folder of a run"):
        archdsl.load_run(tmp_path)
