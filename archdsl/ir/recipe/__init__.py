"""`Recipe`: how a network is trained, concrete and typed, read and written as JSON."""

from archdsl.ir.recipe.phases import Phase, Progressive, Ramp
from archdsl.ir.recipe.recipe import Recipe

__all__ = ["Phase", "Progressive", "Ramp", "Recipe"]
