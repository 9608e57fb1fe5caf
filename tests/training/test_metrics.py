"""Rows of a run: read as they were written, and taken back where a run goes on from before them."""

from __future__ import annotations

from pathlib import Path

from archdsl.training.curves import curves
from archdsl.training.metrics import EpochRow, Metrics, StepRow, read
from archdsl.training.progress import Progress, duration, epoch_line
from archdsl.training.run_folder import RunFolder
from archdsl.training.timetable import Timetable
from tests.training.recipes import recipe


def step(number: int) -> StepRow:
    return StepRow(number, number / 10, 8, 0.1 / 3, 1 / number, None if number == 1 else 0.1 + 0.2)


def epoch(number: int, top1: float | None = 98.5) -> EpochRow:
    return EpochRow(number, number * 10, 8, 0.1, 1 / 3, None if top1 is None else 0.5, top1, top1, 1234.5, 0.01, 3.0)


def write(folder: RunFolder, after: int, steps: range, epochs: range) -> None:
    metrics = Metrics(folder, after)
    for number in steps:
        metrics.add_step(step(number))
    for number in epochs:
        metrics.add_epoch(epoch(number))
    metrics.close()


def test_rows_are_read_to_the_last_bit(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write(folder, 0, range(1, 25), range(1, 3))
    assert read(folder / "steps.csv", StepRow) == [step(number) for number in range(1, 25)]
    assert read(folder / "metrics.csv", EpochRow) == [epoch(1), epoch(2)]


def test_rows_after_the_checkpoint_are_taken_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write(folder, 0, range(1, 25), range(1, 3))
    with open(folder / "steps.csv", "a") as file:
        file.write("25,2.5,8,0.")  # killed in the middle of a line
    write(folder, 17, range(18, 31), range(2, 4))
    assert [row.step for row in read(folder / "steps.csv", StepRow)] == list(range(1, 31))
    assert [row.epoch for row in read(folder / "metrics.csv", EpochRow)] == [1, 2, 3]


def test_without_files_there_are_no_rows(tmp_path: Path) -> None:
    assert read(tmp_path / "metrics.csv", EpochRow) == []


def test_tensorboard_reads_the_events(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = RunFolder(tmp_path)
    write(folder, 0, range(1, 15), range(1, 2))
    write(folder, 12, range(13, 18), range(0))
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == list(range(1, 18))
    assert [round(event.value, 3) for event in events.Scalars("test/top1")] == [98.5]


def test_curves_show_what_there_is() -> None:
    picture = curves("a $ by b", [step(number) for number in range(1, 20)], [epoch(1), epoch(2)]).decode()
    for text in ("a $ by b", "test accuracy, %", "top-5", "learning rate", "resolution, pixels"):
        assert text in picture
    assert "top-1" not in curves("a", [step(1)], [epoch(1, None)]).decode()
    assert curves("empty", [], []).startswith(b"<?xml")


def test_lines_of_epochs() -> None:
    assert epoch_line(epoch(3), 10) == (
        "epoch 3/10  8 px  loss 0.3333  test loss 0.5000  top-1 98.50 %  top-5 98.50 %  1,234 images/s  0:00:03"
    )
    assert "top" not in epoch_line(epoch(3, None), 10)
    assert [duration(seconds) for seconds in (0, 59.6, 3725, 200_000)] == [
        "0:00:00",
        "0:01:00",
        "1:02:05",
        "2 d 7:33:20",
    ]


def test_progress_tells_speed_and_what_is_left() -> None:
    shown: list[str] = []
    table = Timetable(recipe(epochs=4, batch=10), 10, 25, 8, 8)
    progress = Progress(table, shown.append)
    progress.step(1, 2.5)
    assert shown == ["epoch 1/4  step 1/2  loss 2.5000"]
