"""The algorithms of a search by name: what each is, whether it takes several goals, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler

from archdsl.search.errors import OneGoalOnly, TooLargeGrid
from archdsl.search.samplers.base import distribution
from archdsl.search.samplers.delegated import Delegated
from archdsl.search.samplers.evolution import Evolution
from archdsl.search.samplers.grid import MOST as MOST_OF_GRID
from archdsl.search.samplers.grid import Grid, networks
from archdsl.search.samplers.uniform import Uniform
from archdsl.search.settings import SearchSettings
from archdsl.search_space.encoding import Encoding
from archdsl.search_space.objective import Objective
from archdsl.search_space.space import Space

# Makes a sampler for a space, a seed and a number of trials.
Make = Callable[[Space, Encoding, int, int], BaseSampler]


@dataclass(frozen=True)
class Algorithm:
    """What a search does with the trials that it has seen."""

    takes_several_goals: bool
    make: Make


def _random(space: Space, encoding: Encoding, seed: int, trials: int) -> BaseSampler:
    return Uniform(space, encoding, seed)


def _tpe(space: Space, encoding: Encoding, seed: int, trials: int) -> BaseSampler:
    return Delegated(lambda number: TPESampler(seed=number, constant_liar=True), seed)


def _nsga2(space: Space, encoding: Encoding, seed: int, trials: int) -> BaseSampler:
    population = _within(trials // 10, 8, 50)
    always = {variable.name: distribution(variable) for variable in encoding.always}
    return Delegated(lambda number: NSGAIISampler(seed=number, population_size=population), seed, always)


def _evolution(space: Space, encoding: Encoding, seed: int, trials: int) -> BaseSampler:
    population = _within(trials // 6, 8, 100)
    return Evolution(space, encoding, seed, population, max(2, population // 4))


def _controller(space: Space, encoding: Encoding, seed: int, trials: int) -> BaseSampler:
    from archdsl.search.samplers.controller import Controller  # torch

    return Controller(space, encoding, seed, batch=_within(trials // 30, 4, 20))


def _grid(space: Space, encoding: Encoding, seed: int, trials: int) -> BaseSampler:
    return Grid(space, encoding, seed)


ALGORITHMS = {
    "tpe": Algorithm(True, _tpe),
    "nsga2": Algorithm(True, _nsga2),
    "evolution": Algorithm(False, _evolution),
    "controller": Algorithm(False, _controller),
    "random": Algorithm(True, _random),
    "grid": Algorithm(True, _grid),
}


def fitted(settings: SearchSettings, space: Space, objective: Objective) -> SearchSettings:
    """Settings with as many trials as a grid has networks.

    Raises DiagnosticError where the algorithm, or early stopping, does not go with the space or the objective.
    """
    goals = len(objective.goals)
    if goals > 1 and not ALGORITHMS[settings.algorithm].takes_several_goals:
        several = ", ".join(f"`{name}`" for name, one in ALGORITHMS.items() if one.takes_several_goals)
        raise OneGoalOnly(f"`--algorithm {settings.algorithm}`", goals, f"use {several}").error()
    if goals > 1 and settings.stop_early != "none":
        raise OneGoalOnly("`--stop-early`", goals, "leave it out").error()
    if settings.algorithm == "grid":
        if space.size > MOST_OF_GRID:
            raise TooLargeGrid(space.name, space.size, MOST_OF_GRID).error()
        left = len(networks(space))
        trials = settings.trials if "trials" in settings.model_fields_set else left
        return settings.model_copy(update={"trials": min(trials, left)})
    return settings


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))
