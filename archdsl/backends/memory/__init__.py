"""How much memory a network takes, at inference and in training: see docs/costs.md."""

from archdsl.backends.memory.estimate import Memory, PeakMemory, largest_batch, memory
from archdsl.backends.memory.processor import isa_of_this_machine
from archdsl.backends.memory.setting import CHECKPOINTS, DTYPES, ISAS, OPTIMIZERS, PLACES, Setting
from archdsl.backends.memory.stages import StageMemory
from archdsl.backends.memory.units import amount

__all__ = [
    "CHECKPOINTS",
    "DTYPES",
    "ISAS",
    "OPTIMIZERS",
    "PLACES",
    "Memory",
    "PeakMemory",
    "Setting",
    "StageMemory",
    "amount",
    "isa_of_this_machine",
    "largest_batch",
    "memory",
]
