"""Every diagnostic code, once. A code's number never changes its meaning."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class Code(Struct, frozen=True):
    name: str
    title: str
    # A warning stops no build: what is written means something, though hardly what its author meant.
    is_warning: bool = False
    # A hint is no finding: what is written may well be meant.
    is_hint: bool = False

    @property
    def severity(self) -> str:
        return "hint" if self.is_hint else "warning" if self.is_warning else "error"

    @property
    def outcome(self) -> Outcome:
        """What a command reports with it, by its number."""
        return BY_NUMBER.get(self.name, BY_NUMBER[self.name[:4]])


class Outcome(Enum):
    """What a problem says of a command: that it found something, or that it could not run."""

    FOUND = "found"
    # Found where it is about the text of a file; else, as an option's or without a place, about the command.
    BY_PLACE = "by place"


BY_NUMBER = {
    **dict.fromkeys(("ARC1", "ARC2", "ARC3", "ARC4", "ARC5", "ARC6", "ARC8", "ARC9"), Outcome.BY_PLACE),
    # Weights, exports that differ, and conditions that no network meets are found without a text to point at.
    **dict.fromkeys(("ARC7", "ARC802", "ARC905", "ARC914"), Outcome.FOUND),
}


# 1xx: the text is not a program.
SYNTAX = Code("ARC101", "syntax error")
BAD_CHARACTER = Code("ARC102", "unexpected character")
UNCLOSED = Code("ARC103", "unclosed bracket or brace")
RAGGED_TABLE = Code("ARC104", "a table row has more or fewer cells than its header")
EMPTY_TABLE = Code("ARC105", "a table without rows")
NOT_TEXT = Code("ARC106", "the file is not UTF-8 text")
HIDDEN_CHARACTER = Code("ARC107", "a character that hides how a text reads")
OF_TEXT = (SYNTAX, BAD_CHARACTER, UNCLOSED, RAGGED_TABLE, EMPTY_TABLE, NOT_TEXT, HIDDEN_CHARACTER)

# 2xx: names.
UNKNOWN_NAME = Code("ARC201", "unknown name")
UNKNOWN_BLOCK = Code("ARC202", "unknown block")
UNKNOWN_COLUMN = Code("ARC203", "unknown column")
UNKNOWN_ARGUMENT = Code("ARC204", "unknown argument")
UNKNOWN_MODEL = Code("ARC205", "unknown model or variant")
UNKNOWN_FACT = Code("ARC206", "unknown fact of a tensor")
DUPLICATE_NAME = Code("ARC207", "a name is defined twice")
MISSING_ARGUMENT = Code("ARC208", "missing argument")
MISSING_BINDING = Code("ARC209", "a required binding is missing")
UNKNOWN_PARAMETER = Code("ARC210", "unknown parameter of a model")
USE_CYCLE = Code("ARC211", "models or files that refer to each other in a circle")
USE_NOT_FOUND = Code("ARC212", "a used file cannot be read")
NO_ELEMENT = Code("ARC220", "a list without the value that is asked for")
UNUSED_NAME = Code("ARC213", "an unused name", is_warning=True)
NO_CLASSIFIER = Code("ARC214", "`classes` of a network without a classifier", is_warning=True)
CHANNELS_LAST = Code("ARC216", "an input whose channels seem to come last or to be left out", is_warning=True)

# 3xx: values.
WRONG_KIND = Code("ARC301", "a value of the wrong kind")
BAD_VALUE = Code("ARC302", "a value out of range")
ARITHMETIC = Code("ARC303", "arithmetic that has no result")
OPEN_CHOICE = Code("ARC304", "an open choice where a value is needed")
USED_AGAIN = Code("ARC310", "a layer that is bound once and used again", is_hint=True)

# 4xx: shapes.
CHANNEL_MISMATCH = Code("ARC401", "tensors whose shapes do not combine")
INDIVISIBLE = Code("ARC402", "channels that do not divide into groups")
VANISHING = Code("ARC403", "a spatial size that shrinks away")

# 5xx: claims.
REQUIRE_FAILED = Code("ARC501", "a `require` does not hold")
NO_CLAIM = Code("ARC502", "a `require` that claims nothing")
EMPTY_SPACE = Code("ARC504", "a search space whose networks all break a `require`")
NO_PREDICTION = Code("ARC505", "a prediction that cannot be made")
PRUNED = Code("ARC506", "a network that a `require` of its space prunes")
NO_GOAL = Code("ARC507", "an `objective` that says no goal")

# 6xx: bounds.
ENDLESS_RECURSION = Code("ARC601", "recursion without end")
TOO_LARGE = Code("ARC602", "a program over a bound")

# 7xx: weights.
NO_MAP = Code("ARC701", "weights that do not fit the network")
NOT_PROVEN = Code("ARC702", "outputs that differ on the same weights")
NOT_WEIGHTS = Code("ARC703", "a file without weights that can be read")
SEVERAL_STATES = Code("ARC704", "a checkpoint with several sets of weights")

# 8xx: exports.
NOT_EXPORTED = Code("ARC801", "a network that a target cannot be written for")
EXPORT_DIFFERS = Code("ARC802", "an export that computes something else than its network")
OUTPUT_EXISTS = Code("ARC803", "an export over a file that is there")
BAD_CALIBRATION = Code("ARC804", "images that int8 cannot be calibrated with")

# 9xx: could not run.
CANNOT_READ = Code("ARC901", "a file cannot be read")
CANNOT_WRITE = Code("ARC902", "a file cannot be written")
MISSING_TOOL = Code("ARC903", "a program that is needed is not installed")
WRONG_USAGE = Code("ARC904", "a command that does not fit its input")
OVER_BUDGET = Code("ARC905", "a budget that no network meets")
EDITED = Code("ARC906", "an output that was edited since it was written")
BUSY_MACHINE = Code("ARC913", "measurements that scatter too much")
NONE_MEETS = Code("ARC914", "a condition that no network drawn meets")
BAD_DATA = Code("ARC920", "images that cannot be learnt from")
SMALL_TEXT = Code("ARC915", "a figure whose letters are hard to read")
DIVERGED = Code("ARC921", "a training that diverges")
OUT_OF_MEMORY = Code("ARC922", "a batch that does not fit the memory")

ALL = tuple(value for value in tuple(globals().values()) if isinstance(value, Code))
