"""Problems with recipes: their settings, the functions that settings take, the table of settings that rise."""

from __future__ import annotations

from archdsl.diagnostics import OverBound, Problem, codes
from archdsl.elaborate.recipes.vocabulary import TABLE_COLUMNS


class UnknownSetting(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "unknown setting `{name}` of a recipe"
    label = "no recipe has it"
    name: str


class UnknownTable(Problem):
    code = codes.UNKNOWN_ARGUMENT
    message = "unknown table `{name}` in a recipe"
    help = "a recipe has one table: `progressive(stages = 4) {{ | setting | from | to | ... }}`"
    name: str


class MissingSettings(Problem):
    code = codes.MISSING_BINDING
    message = "recipe `{recipe}` has no {settings}"
    help = "for example {examples}"
    recipe: str
    settings: str
    examples: str


class UnknownFunction(Problem):
    code = codes.UNKNOWN_NAME
    message = "unknown {what} `{name}`"
    what: str
    name: str


class NotFunction(Problem):
    code = codes.WRONG_KIND
    message = "`{setting}` must be {expected}, not {value}"
    setting: str
    expected: str
    value: str


class FunctionOfAnotherSetting(Problem):
    code = codes.WRONG_KIND
    message = "`{name}` is a value of `{owner}`, not of `{setting}`"
    name: str
    owner: str
    setting: str


class BadSetting(Problem):
    code = codes.BAD_VALUE
    message = "`{name}` must be {expected}, not {value}"
    name: str
    expected: str
    value: str


class SettingOfItself(Problem):
    code = codes.USE_CYCLE
    message = "`{name}` is computed from itself"
    name: str


class SettingWithFact(Problem):
    code = codes.WRONG_KIND
    message = "a recipe sets `{name}` itself, not `{name}.{fact}`"
    name: str
    fact: str


class UnknownTableColumn(Problem):
    code = codes.UNKNOWN_COLUMN
    message = "unknown column `{name}` of the table"
    help = f"its columns are {', '.join(f'`{name}`' for name in TABLE_COLUMNS)}"
    name: str


class MissingTableColumn(Problem):
    code = codes.MISSING_BINDING
    message = "the table has no column `{name}`"
    help = f"its columns are {', '.join(f'`{name}`' for name in TABLE_COLUMNS)}"
    name: str


class NotSettingName(Problem):
    code = codes.WRONG_KIND
    message = "the column `setting` holds names of settings, not {value}"
    value: str


class SettingCannotRise(Problem):
    code = codes.BAD_VALUE
    message = "`{name}` cannot rise over the training"
    help = "settings that can are {known}"
    name: str
    known: str


class NoValueToTake(Problem):
    code = codes.BAD_VALUE
    message = "the recipe has no number `{name}` that `-` could stand for"
    help = "write a number, or set `{name}`"
    name: str


class SetAndInTable(Problem):
    code = codes.DUPLICATE_NAME
    message = "`{name}` is set, and has a row in the table"
    label = "the table is what counts"
    help = "remove one of the two, or write `-` in the table where this value is meant"
    name: str


class TooManyPhases(Problem):
    code = codes.BAD_VALUE
    message = "{epochs} epochs cannot be divided into {stages} stages"
    epochs: int
    stages: int


class LongWarmup(Problem):
    code = codes.BAD_VALUE
    message = "a warm-up of {warmup:g} epochs does not end within {epochs} epochs"
    warmup: float
    epochs: int


class NoDropout(Problem):
    code = codes.BAD_VALUE
    message = "{network} has no dropout before its classifier whose rate could be {rate:g}"
    help = "write one into its `head`, `dropout({rate:g})`, or leave `dropout` out of the recipe"
    network: str
    rate: float


class NoDropPath(Problem):
    code = codes.BAD_VALUE
    message = "{network} has no blocks that stochastic depth could drop{wanted}"
    help = "write `drop_path()` into its blocks, before they are added, or leave `{setting}` out of the recipe"
    network: str
    rate: float | None

    @property
    def wanted(self) -> str:
        return f" at a rate of {self.rate:g}" if self.rate is not None else ""

    @property
    def setting(self) -> str:
        return "drop_path" if self.rate is not None else "drop_path_mode"


class TooManyParents(OverBound):
    message = "recipes extend each other more than {most} deep"
    bound = "ancestors"


class UnknownRecipe(Problem):
    code = codes.UNKNOWN_MODEL
    message = "unknown recipe `{name}`"
    name: str


class RecipeExtendsItself(Problem):
    code = codes.USE_CYCLE
    message = "recipe `{name}` extends itself"
    help = "remove one `extends`"
    name: str
