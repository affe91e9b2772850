"""The craft of the game: masses, nozzles, propellant, and what a burn does."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.orbit import G0, State, rk4
from mmrepro.papers.space_operator.vector import ZERO, Vector

WET_KG, DRY_KG = 6685.0, 1885.0
UNIT_KG = 4.0
"""Mass of one unit of monopropellant; the game counts units and calls them kilograms."""
ISP = 240.0
"""Specific impulse of the nozzles in vacuum, in s."""
EXHAUST = ISP * G0
"""Exhaust speed in m/s."""
NOZZLE_NEWTONS = 1000.0
NOZZLES = (8, 4, 4)
"""Nozzles that push along forward, right and down, and as many the other way."""
LIMITS: Vector = (NOZZLES[0] * NOZZLE_NEWTONS, NOZZLES[1] * NOZZLE_NEWTONS, NOZZLES[2] * NOZZLE_NEWTONS)
"""Greatest force along forward, right and down in N."""


def thrust(throttle: Vector) -> Vector:
    """Return the force in N along forward, right, down; throttle beyond full is full, as in the game."""
    a, b, c = throttle
    return (
        max(-1.0, min(1.0, a)) * LIMITS[0],
        max(-1.0, min(1.0, b)) * LIMITS[1],
        max(-1.0, min(1.0, c)) * LIMITS[2],
    )


def flow(force: Vector) -> float:
    """Return the propellant in kg/s that a force along the body's axes costs; each axis burns its own."""
    return (abs(force[0]) + abs(force[1]) + abs(force[2])) / EXHAUST


def delta_v(mass_before: float, mass_after: float) -> float:
    """Return the change of speed in m/s by the rocket equation."""
    return EXHAUST * math.log(mass_before / mass_after)


@dataclass(slots=True)
class Craft:
    """A craft in flight.

    Raises
    ------
    MMReproError
        For a mass below the dry mass.
    """

    state: State
    mass: float = WET_KG
    dry: float = DRY_KG
    filled: float = 0.0

    def __post_init__(self) -> None:
        if not self.mass >= self.dry > 0:
            raise MMReproError(
                f"a craft of {self.mass:g} kg cannot have a dry mass of {self.dry:g} kg; "
                "its mass must be at least the dry mass, and that above 0."
            )
        self.filled = self.mass

    @property
    def propellant_units(self) -> float:
        """Propellant left, in units of 4 kg."""
        return (self.mass - self.dry) / UNIT_KG

    @property
    def used_kg(self) -> float:
        """Propellant burnt since the start, in kg."""
        return self.filled - self.mass

    def advance(self, force: Vector, spending: float, dt: float) -> None:
        """Fly one step.

        Parameters
        ----------
        force
            In N along inertial axes.
        spending
            Propellant in kg/s; where the tank runs dry within the step, the burn ends there.
        dt
            In s.
        """
        if spending <= 0.0:
            self.state = rk4(self.state, ZERO, dt)
            return
        left = max(self.dry, self.mass - spending * dt)
        # The mean acceleration over the step that gives the rocket equation's change of speed.
        gain = math.log(self.mass / left) / (spending * dt) if left < self.mass else 0.0
        self.state = rk4(self.state, (force[0] * gain, force[1] * gain, force[2] * gain), dt)
        self.mass = left
