from mmrepro.papers.space_operator.closed_form import (
    boundary_gap,
    energy_change,
    linear_error,
    momentum_change,
    transfer_miss,
)
from mmrepro.papers.space_operator.orbit import coast, energy
from mmrepro.papers.space_operator.scenario import scenario


def test_invariants_hold_and_a_coarse_step_breaks_them():
    assert energy_change() < 1e-12
    assert transfer_miss() < 1e-3
    (state, *_) = scenario("PE1_E1_I3").states(0.0)
    assert abs(energy(coast(state, 240.0, dt=60.0)) / energy(state) - 1) > 1e-9


def test_what_is_conserved_is_conserved_on_every_orbit():
    for name in ("PE1_E1_I1", "PE1_E1_I4", "LBG1_LG0_I2"):
        assert energy_change(name) < 1e-12 and momentum_change(name) < 1e-12


def test_linear_equations_stray_with_time():
    assert 0.1 < linear_error(time=60.0) < linear_error(time=120.0) / 2 < 1.0
    assert linear_error(time=0.0) < 1e-6


def test_our_transfer_is_scipys():
    assert boundary_gap() < 1e-6
    assert boundary_gap("PE1_E1_I4", 60.0) < 1e-6
