from mmrepro.papers.space_operator.closed_form import energy_change, transfer_miss
from mmrepro.papers.space_operator.orbit import coast, energy
from mmrepro.papers.space_operator.scenario import scenario


def test_invariants_hold_and_a_coarse_step_breaks_them():
    assert energy_change() < 1e-12
    assert transfer_miss() < 1e-3
    (state, *_) = scenario("PE1_E1_I3").states(0.0)
    assert abs(energy(coast(state, 240.0, dt=60.0)) / energy(state) - 1) > 1e-9
