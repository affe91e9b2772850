"""Steps of the flight of chapter 10 a second: ours against a plain loop of arrays and scipy, in one run.

    python benchmarks/flight.py                  # a few seconds
    python benchmarks/flight.py --rounds 9

Each contender flies the same burn, one step of `--dt` seconds after another, pursuer and evader; the fastest
of several rounds counts, since other work on the machine only slows. Goal: the environment, observations,
scores and all, takes at least 20,000 steps a second on one core. How far the contenders end from each
other tells that they fly the same. Last comes the picture of the instruments: at most 8 ms a frame.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from mmrepro.papers.space_operator.craft import EXHAUST, LIMITS, WET_KG
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.flight import Rules
from mmrepro.papers.space_operator.orbit import MU
from mmrepro.papers.space_operator.picture import picture
from mmrepro.papers.space_operator.scenario import START, scenario

NAME, GOAL = "PE1_E1_I3", 20_000.0
FRAMES, LONGEST_MS = 50, 8.0
Array = NDArray[np.float64]


def derivative(state: Array, mass: float) -> Array:
    """Return rates of both craft, the pursuer burning towards the evader."""
    own, target = state[:3], state[6:9]
    nose = (target - own) / np.linalg.norm(target - own)
    pull = [-MU * each / np.linalg.norm(each) ** 3 for each in (own, target)]
    return np.concatenate([state[3:6], pull[0] + LIMITS[0] / mass * nose, state[9:], pull[1]])


def flown(advance: Callable[[Array, float, float], Array], steps: int, dt: float) -> Array:
    """Fly step by step with one of the methods below; the mass is that of the middle of a step."""
    state, burnt = np.array(sum(scenario(NAME).states(START), ())), LIMITS[0] / EXHAUST * dt
    for number in range(steps):
        state = advance(state, WET_KG - (number + 0.5) * burnt, dt)
    return state


def runge_kutta(state: Array, mass: float, dt: float) -> Array:
    """Advance by the Runge-Kutta method as a textbook has it."""
    one = derivative(state, mass)
    two = derivative(state + dt / 2 * one, mass)
    three = derivative(state + dt / 2 * two, mass)
    four = derivative(state + dt * three, mass)
    return state + dt / 6 * (one + 2 * two + 2 * three + four)


def adaptive(state: Array, mass: float, dt: float) -> Array:
    """Advance by scipy's solver, called once a step as an environment must."""
    return solve_ivp(lambda _, y: derivative(y, mass), (0, dt), state, rtol=1e-9).y[:, -1]


def environment(steps: int, dt: float) -> Array:
    """Fly in the environment, an action a step."""
    env = SpaceEnv(NAME, rules=Rules(dt=dt))
    env.reset()
    for _ in range(steps):
        observation, *_ = env.step((1.0, 0.0, 0.0, dt))
    return observation[3:]


def core(steps: int, dt: float) -> Array:
    """Fly below the environment: dynamics, attitude and watch only."""
    env = SpaceEnv(NAME, rules=Rules(dt=dt))
    env.reset()
    env.flight.burn((LIMITS[0], 0.0, 0.0), steps * dt)
    return env.observation()[3:]


def fastest(fly: Callable[[int, float], Array], steps: int, dt: float, rounds: int) -> tuple[float, Array]:
    """Return steps a second in the best round, and where the flight ended."""
    best = 0.0
    for _ in range(rounds):
        started = time.perf_counter()
        end = fly(steps, dt)
        best = max(best, steps / (time.perf_counter() - started))
    return best, end


def frame_ms(rounds: int) -> float:
    """Return the milliseconds that drawing a frame takes in the best round, each frame another view."""
    best = float("inf")
    for _ in range(rounds):
        env = SpaceEnv(NAME)
        env.reset()
        spent = 0.0
        for _ in range(FRAMES):
            env.step((1.0, 1.0, 1.0, 0.5))
            started = time.perf_counter()
            picture(env.flight)
            spent += time.perf_counter() - started
        best = min(best, spent / FRAMES * 1000)
    return best


def main() -> None:
    """Print a table, one row a contender."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--dt", type=float, default=0.25)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    steps = int(220 / asked.dt)
    found = {
        "plain loop of arrays": fastest(partial(flown, runge_kutta), steps, asked.dt, asked.rounds),
        "scipy solve_ivp": fastest(partial(flown, adaptive), steps, asked.dt, asked.rounds),
        "environment": fastest(environment, steps, asked.dt, asked.rounds),
        "flight below it": fastest(core, steps, asked.dt, asked.rounds),
    }
    base, end = found["plain loop of arrays"]
    print("| contender | steps a second | times the plain loop | ends apart by (m) |")
    print("| --- | ---: | ---: | ---: |")
    for name, (rate, place) in found.items():
        apart = np.linalg.norm(place[:3] - end[:3])
        print(f"| {name} | {rate:,.0f} | {rate / base:.1f} | {apart:.3f} |")
    rate = found["environment"][0]
    print(f"environment: {rate:,.0f} steps a second, {rate / GOAL:.1f} of the goal of {GOAL:,.0f}")
    print(f"picture: {frame_ms(asked.rounds):.1f} ms a frame; goal: at most {LONGEST_MS:.0f}")


if __name__ == "__main__":
    main()
