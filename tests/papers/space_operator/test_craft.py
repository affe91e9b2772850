import pytest

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.craft import EXHAUST, LIMITS, Craft, delta_v, flow, thrust
from mmrepro.papers.space_operator.orbit import Elements, coast, velocity
from mmrepro.papers.space_operator.vector import norm, subtract

START = Elements(750000.0, 0.0, 0.0, 0.0, 0.0, 0.0).state(0.0)


def test_a_full_tank_is_1200_units_and_a_full_burn_costs_what_the_game_says():
    assert Craft(START).propellant_units == 1200
    assert flow(thrust((1.0, 0.0, 0.0))) == pytest.approx(8000 / (240 * 9.80665))
    assert flow(thrust((-1.0, 1.0, -1.0))) == pytest.approx(2 * flow((8000.0, 0.0, 0.0)))


def test_throttle_beyond_full_is_full():
    assert thrust((2.0, -3.0, 0.5)) == (LIMITS[0], -LIMITS[1], 0.5 * LIMITS[2])


def test_a_burn_obeys_the_rocket_equation():
    craft = Craft(START)
    force = (0.0, 8000.0, 0.0)
    for _ in range(4):
        craft.advance(force, flow(force), 0.25)
    # Over one second gravity hardly differs between the craft that burns and the one that does not.
    gained = norm(subtract(velocity(craft.state), velocity(coast(START, 1.0))))
    assert gained == pytest.approx(delta_v(6685.0, craft.mass), rel=3e-6)
    assert craft.used_kg == pytest.approx(8000 / EXHAUST)
    assert craft.propellant_units == pytest.approx(1200 - craft.used_kg / 4)


def test_a_tank_runs_dry_and_no_drier():
    force = (8000.0, 0.0, 0.0)
    craft = Craft(START, mass=1885.5)
    craft.advance(force, flow(force), 10.0)
    assert craft.mass == 1885.0
    gained = subtract(velocity(craft.state), velocity(coast(START, 10.0, 10.0)))
    assert norm(gained) == pytest.approx(delta_v(1885.5, 1885.0), rel=1e-3)
    before = craft.state
    craft.advance(force, flow(force), 1.0)
    assert craft.mass == 1885.0
    assert craft.state == coast(before, 1.0, 1.0)


@pytest.mark.parametrize("mass, dry", [(1000.0, 1885.0), (10.0, 0.0), (float("nan"), 1885.0)])
def test_a_mass_below_the_dry_mass_is_told(mass, dry):
    with pytest.raises(MMReproError, match="dry mass"):
        Craft(START, mass=mass, dry=dry)
