"""Settings of a chapter: typed, defaulted by the profile, overridden one by one."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mmrepro.errors import MMReproError, nearest, shortened
from mmrepro.papers.paper import PROFILES, Paper, Profile, first_problem

Seed = Annotated[int, Field(ge=0, lt=2**32, strict=True)]  # numpy takes no other
Device = Literal["auto", "cpu", "cuda"]


class SettingsError(MMReproError):
    """A setting that does not exist, has the wrong type or is out of range."""


class ChapterSettings(BaseModel):
    """What every chapter can be told; a chapter adds its own.

    Attributes
    ----------
    seeds
        One run of every stochastic step for each.
    device
        ``auto`` takes CUDA where there is one.
    threads
        CPU threads of a run. Fixed, not taken from the machine: the order of floating-point sums,
        and with it the last digits of a result, depends on it.
    datasets
        Data sets of the chapter's manifest that the run uses.
    time_budget_s
        Seconds after which a run is stopped.
    """

    # JSON has no NaN: a run with one could be made, but its record never be read.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (0,)
    device: Device = "auto"
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    datasets: tuple[str, ...] = ()
    time_budget_s: Annotated[float, Field(gt=0, le=10_000_000)] = 600

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
        if twice:
            raise ValueError(f"names {', '.join(map(str, twice))} twice; a repeated seed is no further run")
        return seeds


def settings_class(paper: Paper) -> type[ChapterSettings]:
    """Return the `Settings` of a chapter; importing it loads no model."""
    module = importlib.import_module(f"mmrepro.papers.{paper.module_name}.settings")
    found: type[ChapterSettings] = module.Settings
    return found


def resolve_settings(
    paper: Paper,
    profile: str,
    *,
    seeds: Sequence[int] | None = None,
    device: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> ChapterSettings:
    """Combine the profile's defaults with what the caller asked for.

    Raises
    ------
    SettingsError
        For an unknown profile or setting, a wrong type or a value out of range.
    """
    if profile not in PROFILES:
        raise SettingsError(f"No profile is called {shortened(profile)}: {nearest(str(profile), PROFILES)}")
    wanted = dict(overrides or {})
    if seeds is not None:
        wanted["seeds"] = tuple(seeds) if isinstance(seeds, list | tuple | range) else seeds
    if device is not None:
        wanted["device"] = device
    model = settings_class(paper)
    unknown = [name for name in wanted if name not in model.model_fields]
    if unknown:
        raise SettingsError(
            f"{paper.slug} has no setting {shortened(unknown[0])}: "
            f"{nearest(str(unknown[0]), model.model_fields)}"
        )
    defaults = paper.profiles[_profile(profile)]
    try:
        model.model_validate(defaults)
    except ValidationError as error:
        place = f"paper.yml of {paper.slug}, profiles.{profile}"
        raise SettingsError(f"{place}: {first_problem(error, model.model_fields)}") from None
    try:
        return model.model_validate({**defaults, **wanted})
    except ValidationError as error:
        told = first_problem(error, model.model_fields)
        raise SettingsError(f"Setting of {paper.slug} refused: {told}") from None


def _profile(name: str) -> Profile:
    return PROFILES[PROFILES.index(name)]
