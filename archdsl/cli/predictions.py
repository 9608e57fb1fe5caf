"""What commands that set networks side by side predict of each: its peak of memory and, on a device, its latency."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from archdsl.cli.arguments import batch
from archdsl.cli.errors import OptionAlone, UnestimatedType
from archdsl.ir.architecture import Architecture

if TYPE_CHECKING:
    from archdsl.backends.latency import Time

# The types of number that memory is estimated for.
DTYPES = ("float32", "bfloat16", "float16")


def add_arguments(parser: ArgumentParser, on: str) -> None:
    """The arguments that say what to predict, and of what. `on` is the help of `--on`."""
    parser.add_argument("--batch", type=batch, default=1, metavar="N", help="images at a time (default: 1)")
    parser.add_argument("--memory", action="store_true", help="the peak of memory, at inference or with --training")
    parser.add_argument(
        "--device",
        metavar="NAME|FILE",
        help="latency on a device that ships (a100, h100, h200, phone, v100, ...) or that `archdsl calibrate` profiled",
    )
    parser.add_argument("--training", action="store_true", help="of a training step: forward, backward and the update")
    parser.add_argument(
        "--dtype",
        metavar="T",
        help="of memory and latency: float32, bfloat16, float16 (default: float32; of latency, the profile's)",
    )
    parser.add_argument("--on", choices=("cpu", "cuda"), help=on)


def refuse_alone(arguments: Namespace, alternatives: str, *, is_measured: bool = False) -> None:
    """Raises DiagnosticError where an argument refines nothing; `alternatives` are what it could refine."""
    has_time = arguments.device is not None or is_measured
    for name, about, is_at_hand in (
        ("training", "memory or latency", arguments.memory or has_time),
        ("dtype", "memory or latency", arguments.memory or has_time),
        ("on", "memory or measuring" if "measure" in arguments else "memory", arguments.memory or is_measured),
    ):
        if getattr(arguments, name) and not is_at_hand:
            on = "`--memory` or `--measure`" if "measure" in arguments else "`--memory`"
            raise OptionAlone(name, about, f"add {on if name == 'on' else alternatives}").error()


class Predictions:
    """What is asked for by the arguments of a command.

    `how` says, by the key of a measure, what the numbers are of; `facts` say it for programs.
    """

    def __init__(self, arguments: Namespace):
        """Raises DiagnosticError for a device or a type that there is not."""
        self.batch, self.training, self.dtype = arguments.batch, arguments.training, arguments.dtype
        self.device: str | None = arguments.device
        self.how: dict[str, str] = {}
        self.facts: dict[str, Any] = {}
        if self.device is not None:
            self._latency(self.device)
        if arguments.memory:
            self._memory(arguments.on)
        # In the order of the columns.
        self.how, self.facts = (
            dict(sorted(self.how.items(), reverse=True)),
            dict(sorted(self.facts.items(), reverse=True)),
        )

    @property
    def measures(self) -> tuple[str, ...]:
        """The keys of what is predicted."""
        timed = ("latency", "images_per_second") if "latency" in self.how else ()
        return ("memory", *timed) if "memory" in self.how else timed

    def of(self, architecture: Architecture) -> dict[str, float]:
        """What is predicted of a network."""
        values = self.memory_of(architecture)
        if self.device is None:
            return values
        from archdsl.backends.latency import Latencies

        latencies = Latencies(architecture, self._profile, batch=self.batch, training=self.training, dtype=self.dtype)
        return {**values, **self.timed(latencies.model())}

    def memory_of(self, architecture: Architecture) -> dict[str, float]:
        """The peak of memory, if that is asked for."""
        if "memory" not in self.how:
            return {}
        from archdsl.backends.memory import memory

        return {"memory": memory(architecture, self._setting).peak.total}

    def timed(self, time: Time) -> dict[str, float]:
        """What a time says."""
        return {"latency": time.seconds, "images_per_second": self.batch / time.seconds}

    def _memory(self, on: Any) -> None:
        """Where nothing else is said, memory is that of the device, in the type of number that it is timed in."""
        from archdsl.backends.memory import Setting, isa_of_this_machine
        from archdsl.backends.memory.report import title

        if self.dtype not in (None, *DTYPES):
            raise UnestimatedType(DTYPES, self.dtype).error()
        timed: Any = self.facts.get("latency", {}).get("dtype")
        dtype: Any = self.dtype or (timed if timed in DTYPES else "float32")
        on = on or (self._profile.on if self.device is not None else "cpu")
        isa = isa_of_this_machine()
        self._setting = Setting(self.batch, dtype, training=self.training, on=on, isa=isa)
        self.how["memory"] = title(self._setting)
        self.facts["memory"] = {"dtype": self._setting.dtype, "training": self.training, "on": on}
        if on == "cpu":
            self.facts["memory"]["isa"] = isa

    def _latency(self, device: str) -> None:
        from archdsl.backends.latency import profile
        from archdsl.backends.latency.latencies import PartLatencies
        from archdsl.backends.latency.report import setting

        self._profile = profile(device)
        latencies = PartLatencies("", {}, self._profile, batch=self.batch, training=self.training, dtype=self.dtype)
        self.how["latency"] = setting(latencies)
        self.facts["latency"] = {
            "device": self._profile.name,
            "title": self._profile.title,
            "backend": self._profile.backend,
            "dtype": latencies.dtype,
            "training": self.training,
        }
