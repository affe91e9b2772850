import json
import os
from pathlib import Path

import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.sample import write_orbits
from mmrepro.papers.space_operator.savefile import same_orbits

MIRROR = os.environ.get("MMREPRO_MIRROR")
real = pytest.mark.skipif(not MIRROR, reason="MMREPRO_MIRROR is not set, so there are no real data here")
FOLDER = Path(MIRROR or ".") / "space-operator"


@real
def test_the_orbits_are_those_of_the_save_files():
    assert same_orbits(FOLDER / "kspdg_scenarios/initial_orbits.json") == 14


def test_a_changed_orbit_is_counted_out_and_a_missing_one_refused(tmp_path):
    write_orbits(tmp_path)
    path = tmp_path / "kspdg_scenarios" / "initial_orbits.json"
    assert same_orbits(path) == 14
    content = json.loads(path.read_text())
    content["pe1_i4"]["Evader"]["orbit"]["SMA"] += 1.0
    path.write_text(json.dumps(content))
    assert same_orbits(path) == 13
    del content["lbg1_i2"]["Guard"]
    path.write_text(json.dumps(content))
    with pytest.raises(MMReproError, match="lacks 'Guard' in lbg1_i2"):
        same_orbits(path)
