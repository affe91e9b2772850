import json

import pytest

from mmrepro.book.benchmark import benchmark_parts, floor_seconds

FOUND = {
    "made": "2025-02-01",
    "machine": {"cpu": "A CPU", "cores": 8, "python": "3.11.7"},
    "versions": {"papermill": "2.7.0"},
    "cores": 2,
    "notebooks": 10,
    "floor": {"imports_s": 6.0, "compute_s": 20.0, "together_s": 14.0},
    "runners": [
        {"runner": "mmrepro --warm", "case": "cold", "wall_s": 20.0, "cpu_s": 30.0, "peak_mb": 900},
        {"runner": "mmrepro", "case": "cold", "wall_s": 40.0, "cpu_s": 70.2, "peak_mb": 1500},
        {"runner": "papermill", "case": "cold", "wall_s": 120.0, "cpu_s": 110.0, "peak_mb": 800},
    ],
    "overhead": [{"scheduler": "local", "jobs": 1000, "wall_s": 4.0}],
    "scaling": [{"workers": 4, "jobs": 32, "ideal_s": 8, "wall_s": 10.0}],
}


@pytest.fixture
def parts(tmp_path):
    path = tmp_path / "engine.json"
    path.write_text(json.dumps(FOUND))
    return benchmark_parts(path)


def test_the_floor_is_one_import_and_the_cells_shared_out(parts):
    assert floor_seconds(FOUND) == 6 + 20 / 2


def test_every_runner_is_held_against_our_cold_run_and_the_floor(parts):
    assert "| `papermill` | cold | 120.0 | 110 | 800 | 3.00 | 7.50 |" in parts["engine-runners"]
    assert "| `mmrepro --warm` | cold | 20.0 | 30 | 900 | 0.50 | 1.25 |" in parts["engine-runners"]
    assert "| *floor* |  | 16.0 |  |  | 0.40 | 1.00 |" in parts["engine-runners"]
    assert "| *floor, all cores busy* |  | 20.0 |  |  | 0.50 | 1.25 |" in parts["engine-runners"]


def test_a_job_costs_its_share_of_the_wall(parts):
    assert "| local | 1000 | 4.00 | 4.0 |" in parts["engine-overhead"]


def test_the_speed_up_is_work_over_wall(parts):
    assert "| 4 | 32 | 10.0 | 3.2 |" in parts["engine-scaling"]


def test_machine_and_versions_are_told(parts):
    told = parts["engine-machine"]
    assert (
        told == "Measured on 2025-02-01: A CPU, 2 of 8 cores, Python 3.11.7; papermill 2.7.0; 10 notebooks."
    )


def test_without_measurements_every_part_says_how_to_make_them(tmp_path, parts):
    none = benchmark_parts(tmp_path / "none.json")
    assert none.keys() == parts.keys()
    assert all("python benchmarks/engine.py" in text for text in none.values())
