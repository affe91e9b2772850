"""Generated stand-ins in the layout of the real files: they show that the code works, and no more."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmrepro.papers.space_operator.craft import DRY_KG, WET_KG, thrust
from mmrepro.papers.space_operator.environment import SpaceEnv
from mmrepro.papers.space_operator.orbit import State
from mmrepro.papers.space_operator.savefile import CRAFT, ORBIT_KEYS
from mmrepro.papers.space_operator.scenario import ORBITS
from mmrepro.papers.space_operator.score import Approach, pursuit_score
from mmrepro.papers.space_operator.solar_sample import write_cells

_LOGS = ("20231016-151348", "20231016-151538", "20231016-151738")


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _named(who: str, state: State) -> dict[str, float]:
    keys = [f"{who}_{kind}_{axis}" for kind in ("pos", "vel") for axis in "xyz"]
    return dict(zip(keys, state, strict=True))


def write_logs(folder: Path) -> None:
    """Write logs of three simulated flights of lateral burns; the first two hold one state each."""
    for name, count in zip(_LOGS, (1, 1, 24), strict=True):
        env = SpaceEnv("PE1_E1_I3")
        env.reset()
        flight, rows = env.flight, []
        for number in range(count):
            throttle = ([0, -1.0, 0], [0, 0, 1.0], [0, 1.0, 0])[number // 8]
            rows.append(
                {"throttles": throttle, "time": flight.time, "vehicle_mass": flight.agent.mass,
                 "vehicle_propellant": flight.agent.propellant_units}
                | _named("pursuer", flight.agent.state)
                | _named("evader", flight.target.state)
            )  # fmt: skip
            flight.burn(thrust((throttle[0], throttle[1], throttle[2])), 0.5)
        _write(folder / "kspdg_logs" / f"pe1_i3_keyboard_agent_actions_{name}.csv", rows)


def write_decisions(folder: Path) -> None:
    """Write a simulated flight of one steady burn after another as decisions of a model."""
    env = SpaceEnv("PE1_E1_I3", start=4.78)
    env.reset()
    flight, rows = env.flight, []
    for number in range(12):
        apart = math.dist(flight.agent.state[:3], flight.target.state[:3])
        speed = math.dist(flight.agent.state[3:], flight.target.state[3:])
        rows.append(
            {"distance_m": apart, "speed_mps": speed, "mission_time_s": flight.time,
             "propellant_units": flight.agent.propellant_units, "latency_s": 2.0, "forward": 0.5,
             "right": 0.1 * (number % 3), "down": 0.1, "duration_s": 2.0}
        )  # fmt: skip
        flight.burn(thrust((0.5, 0.1 * (number % 3), 0.1)), 2.0)
    _write(folder / "kspdg_logs" / "pe1_i3_llm_agent_log_parsed.csv", rows)


def write_results(folder: Path) -> None:
    """Write invented runs of a naive and of two fine-tuned agents in every scenario."""
    rows = []
    for number, scenario in enumerate(("PE1_E1_I1", "PE1_E1_I2", "PE1_E1_I3", "PE1_E1_I4")):
        for agent, near in (
            ("Naive", 200.0),
            ("LLM w/ fine tuning A", 90.0),
            ("LLM w/ fine tuning B", 300.0),
        ):
            approach = Approach(near + number, 50.0, 200.0, 70.0)
            rows.append(
                {"scenario": scenario, "agent": agent, "closest_approach": approach.distance,
                 "closest_approach_time": approach.time, "closest_approach_speed": approach.speed,
                 "closest_approach_pursuer_fuel_usage": approach.propellant_kg,
                 "weighted_score": pursuit_score(approach)}
            )  # fmt: skip
    _write(folder / "results" / "kspdg_results_tidy.csv", rows)


def write_prompts(folder: Path) -> None:
    """Write invented prompts of a guarded flight."""
    rows = [
        {"mission_time_s": 10.0 + 5 * number, "prograde_right": 0.0, "prograde_forward": 1.0,
         "prograde_down": 0.0, "lady_distance_m": 2600.0 - 100 * number, "speed_mps": 20.0,
         "lady_is": "approaching", "guard_distance_m": 1900.0 - 100 * number}
        for number in range(4)
    ]  # fmt: skip
    _write(folder / "kspdg_logs" / "vlm_run_20250108_transcribed.csv", rows)


def write_orbits(folder: Path) -> None:
    """Write the orbits that are flown here, in the form in which those of the save files come."""
    content = {}
    for name, orbits in ORBITS.items():
        craft = CRAFT[name.split("_")[0]]
        content[name] = {
            who: {
                "orbit": dict(zip(ORBIT_KEYS, dataclasses.astuple(each), strict=True)),
                "monopropellant_units": (WET_KG - DRY_KG) / 4,
            }
            for who, each in zip(craft, orbits, strict=True)
        }  # fmt: skip
    path = folder / "kspdg_scenarios" / "initial_orbits.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))


SAMPLES: dict[str, Callable[[Path], None]] = {
    "flight_logs": write_logs,
    "model_log": write_decisions,
    "result_sheets": write_results,
    "model_prompts": write_prompts,
    "orbits": write_orbits,
    "elpv": write_cells,
    "elpv_subset": write_cells,
}
