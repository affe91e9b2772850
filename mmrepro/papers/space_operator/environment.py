"""The games as a Gymnasium environment, without the game: PE1 and LBG1 in real time."""

from __future__ import annotations

from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.action import LONGEST, TICK, Action, read_action
from mmrepro.papers.space_operator.craft import Craft
from mmrepro.papers.space_operator.flight import Flight, Rules
from mmrepro.papers.space_operator.frames import ROLL
from mmrepro.papers.space_operator.opponents import Passive, opponent
from mmrepro.papers.space_operator.orbit import State
from mmrepro.papers.space_operator.scenario import START, scenario

LADY_KG = 2010.0
"""Mass of the lady of LBG1, who carries no propellant."""
Observation = NDArray[np.float64]
Waiting = Literal["hold", "coast"]


class SpaceEnv(gymnasium.Env[Observation, Any]):
    """Pursuit (PE1) or guarded pursuit (LBG1) around Kerbin.

    An observation holds mission time in s, the agent's mass in kg, its propellant in units of 4 kg, then
    position in m and velocity in m/s of the agent's craft, of its target and, in LBG1, of the guard: 15
    or 21 numbers. An action is what `action.read_action` reads. Reward is nothing until the flight is
    over, then the negative score of the closest approach.

    Parameters
    ----------
    name
        Of the scenario, as in the game: PE1_E1_I3, LBG1_LG1_I2.
    reply_time
        Seconds from an observation until the agent's action arrives. Time does not stand still for them.
    waiting
        What the craft does meanwhile: "hold" repeats the last action, burn by burn, as the game does;
        "coast" burns nothing. Before the first action it coasts.
    gap
        Seconds without thrust after each burn, which the game needs to talk.
    roll
        Of the craft at the start in radians; not part of the observation.
    start
        Mission time of the first observation in s.
    late_reads
        Share of the measurements of `sampled` in which the other craft are read a tick later than the
        agent's, as `validation.skewed_share` finds in logs of the game. At orbital speed a tick is 43 m.

    Raises
    ------
    MMReproError
        For a setting or, in `step`, an action that makes no sense.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - gymnasium's own declaration

    def __init__(
        self,
        name: str = "PE1_E1_I3",
        *,
        reply_time: float = 0.0,
        waiting: Waiting = "hold",
        gap: float = 0.0,
        roll: float = ROLL,
        start: float = START,
        late_reads: float = 0.0,
        rules: Rules | None = None,
    ) -> None:
        self.scenario = scenario(name)
        for told, seconds in (("a reply time", reply_time), ("a gap", gap)):
            if not 0 <= seconds < np.inf:
                raise MMReproError(f"{told} of {seconds:g} s makes no sense; give 0 s or more.")
        if waiting not in ("hold", "coast"):
            raise MMReproError(f"waiting is {waiting!r}; a craft that waits can 'hold' or 'coast'.")
        if not 0 <= late_reads <= 1:
            raise MMReproError(f"a share of {late_reads:g} of the reads cannot be late; give 0 to 1.")
        self.reply_time, self.waiting, self.gap = reply_time, waiting, gap
        self.late_reads = late_reads
        self._roll, self._start, self._rules = roll, start, rules or Rules()
        count = 21 if self.scenario.guarded else 15
        low = np.r_[np.zeros(3), np.full(count - 3, -np.inf)]
        self.observation_space = spaces.Box(low, np.full(count, np.inf), dtype=np.float64)
        burn = spaces.Box(np.array([-1.0, -1, -1, TICK]), np.array([1.0, 1, 1, LONGEST]), dtype=np.float64)
        self.action_space = spaces.Dict(
            {"burn_vec": burn, "vec_type": spaces.Discrete(2), "ref_frame": spaces.Discrete(3)}
        )
        self._held: Action | None = None
        self._flight: Flight | None = None

    @property
    def flight(self) -> Flight:
        """The flight in progress, with what observations leave out."""
        if self._flight is None:
            raise MMReproError("no flight has begun; call reset() first.")
        return self._flight

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a flight.

        Parameters
        ----------
        options
            `states`: six numbers for each craft, instead of the scenario's own start; `roll` in radians.
        """
        super().reset(seed=seed)
        told = options or {}
        guarded, policy = self.scenario.guarded, opponent(self.scenario.opponent, self.np_random)
        states = (
            _states(told["states"], 2 + guarded) if "states" in told else self.scenario.states(self._start)
        )
        self._flight = Flight(
            Craft(states[0]),
            Craft(states[1], LADY_KG, LADY_KG) if guarded else Craft(states[1]),
            Passive() if guarded else policy,
            Craft(states[2]) if guarded else None,
            policy if guarded else None,
            self._start,
            self._rules,
            told.get("roll", self._roll),
        )
        self._held = None
        return self.observation(), self.information()

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Wait for the reply, then burn as it says."""
        asked = read_action(action)
        flight = self.flight
        if flight.over:
            raise MMReproError("the flight is over; call reset() to begin another.")
        if self.reply_time:
            self._wait()
        self._perform(asked)
        self._held = asked
        information = self.information()
        reward = -information["score"]["sampled"] if flight.over else 0.0
        ended = flight.captured or flight.caught
        return self.observation(), reward, ended, flight.over and not ended, information

    def _wait(self) -> None:
        flight, ready = self.flight, self.flight.time + self.reply_time
        if self._held is None or self.waiting == "coast":
            flight.coast(self.reply_time)
            return
        while flight.time < ready - 1e-9 and not flight.over:
            self._perform(self._held)

    def _perform(self, action: Action) -> None:
        flight = self.flight
        if flight.over:
            return
        flight.burn(action.force(flight.agent.state, flight.axes), action.duration)
        late = self.late_reads > 0 and self.np_random.random() < self.late_reads
        flight.sample(TICK if late else 0.0)
        if self.gap:
            flight.coast(self.gap)

    def observation(self) -> Observation:
        """Return the 15 or 21 numbers that an agent sees."""
        flight = self.flight
        agent, target, guard = flight.agent, flight.target, flight.guard
        head = (flight.time, agent.mass, agent.propellant_units)
        if guard is None:
            return np.array(head + agent.state + target.state)
        return np.array(head + agent.state + target.state + guard.state)

    def information(self) -> dict[str, Any]:
        """Return what the game reports beside the observation, `sampled` as it does and `true`."""
        flight = self.flight
        closest = {"sampled": flight.sampled.closest, "true": flight.true.closest}
        found: dict[str, Any] = {
            "closest_approach": closest,
            "propellant_kg": flight.agent.used_kg,
            "opponent_propellant_kg": (flight.guard or flight.target).used_kg,
            "captured": flight.captured,
            "caught": flight.caught,
        }
        found["score"] = {"sampled": flight.score("sampled"), "true": flight.score("true")}
        if flight.guard is not None:
            guard = {"sampled": flight.guard_sampled.closest, "true": flight.guard_true.closest}
            found["guard_approach"] = guard
        return found


def _states(given: Any, count: int) -> tuple[State, ...]:
    """Read the states that a caller sets.

    Raises
    ------
    MMReproError
        If they are not six finite numbers for each craft.
    """
    numbers = np.asarray(given, dtype=float)
    if numbers.shape != (count, 6) or not np.isfinite(numbers).all():
        raise MMReproError(
            f"states of shape {numbers.shape} were given for {count} craft; give six finite numbers for each."
        )
    return tuple((x, y, z, u, v, w) for x, y, z, u, v, w in numbers.tolist())
