"""How far a training is, in one line: `epoch 3/10  step 120/400  loss 0.4213  1,240 images/s  0:03:10 left`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import perf_counter

from archdsl.training.metrics import EpochRow
from archdsl.training.timetable import Timetable

# Seconds between two lines; steps that the speed is the mean of.
_PAUSE, _WINDOW = 0.2, 50


class Progress:
    """Says how far the training is; `show` takes a line that replaces the one before."""

    def __init__(self, timetable: Timetable, show: Callable[[str], None]):
        self.timetable, self.show = timetable, show
        self._times: deque[tuple[int, float]] = deque(maxlen=_WINDOW)
        self._shown = 0.0

    def step(self, done: int, loss: float | None) -> None:
        """Args:
        done: steps that have been taken.
        loss: the last one that is known.
        """
        now = perf_counter()
        self._times.append((done, now))
        if now - self._shown < _PAUSE:
            return
        self._shown = now
        table = self.timetable
        epoch, step = divmod(done - 1, table.steps_per_epoch)
        words = [f"epoch {epoch + 1}/{table.epochs}", f"step {step + 1}/{table.steps_per_epoch}"]
        words += [f"loss {loss:.4f}"] if loss is not None else []
        (first, start), (last, end) = self._times[0], self._times[-1]
        if last > first:
            pace = (end - start) / (last - first)
            words += [f"{table.batch / pace:,.0f} images/s", f"{duration(pace * (table.steps - done))} left"]
        self.show("  ".join(words))

    def restart(self) -> None:
        """Forgets the speed so far: something else took time, or comes now."""
        self._times.clear()


def epoch_line(row: EpochRow, epochs: int) -> str:
    """An epoch in a line."""
    words = [f"epoch {row.epoch}/{epochs}", f"{row.resolution} px", f"loss {row.train_loss:.4f}"]
    if row.top1 is not None and row.test_loss is not None:
        words += [f"test loss {row.test_loss:.4f}", f"top-1 {row.top1:.2f} %"]
        words += [f"top-5 {row.top5:.2f} %"] if row.top5 is not None else []
    words += [f"{row.images_per_second:,.0f} images/s", duration(row.seconds)]
    if row.loading >= 0.1:
        words.append(f"{row.loading:.0%} of it waiting for images")
    return "  ".join(words)


def duration(seconds: float) -> str:
    """`0:03:10`, `2 d 4:00:00`."""
    whole = max(0, round(seconds))
    days, rest = divmod(whole, 86_400)
    clock = f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {clock}" if days else clock
