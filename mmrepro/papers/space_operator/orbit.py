"""Two-body flight around Kerbin: elements, steps of Runge-Kutta, Lambert's problem, motion near a target.

States are right-handed, centred on the body and inertial: x, y, z in m, then their rates in m/s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mmrepro.errors import MMReproError
from mmrepro.papers.space_operator.vector import Vector, add, cross, dot, norm, scale, subtract

State = tuple[float, float, float, float, float, float]

MU = 3.5316e12
"""Gravitational parameter of Kerbin in m^3/s^2."""
RADIUS = 6.0e5
"""Radius of Kerbin in m."""
G0 = 9.80665
"""Standard gravity in m/s^2, which turns a specific impulse into an exhaust speed."""


def position(state: State) -> Vector:
    """Return where a craft is, in m."""
    return state[0], state[1], state[2]


def velocity(state: State) -> Vector:
    """Return how a craft moves, in m/s."""
    return state[3], state[4], state[5]


@dataclass(frozen=True)
class Elements:
    """An ellipse as a save file of the game gives it.

    Attributes
    ----------
    semi_major_axis
        In m.
    inclination, periapsis, node
        Inclination, argument of periapsis and longitude of the ascending node in degrees.
    mean_anomaly
        In radians at `epoch`, in s.

    Raises
    ------
    MMReproError
        For an orbit that is no ellipse.
    """

    semi_major_axis: float
    eccentricity: float
    inclination: float
    periapsis: float
    node: float
    mean_anomaly: float
    epoch: float = 0.0

    def __post_init__(self) -> None:
        if not (self.semi_major_axis > 0 and 0 <= self.eccentricity < 1):
            raise MMReproError(
                f"an orbit with a semi-major axis of {self.semi_major_axis:g} m and an eccentricity of "
                f"{self.eccentricity:g} is no ellipse: the axis must be above 0, the eccentricity from 0 to "
                "below 1."
            )

    def state(self, time: float) -> State:
        """Return position and velocity at a universal time in s."""
        axis, e = self.semi_major_axis, self.eccentricity
        motion = math.sqrt(MU / axis**3)
        anomaly = eccentric_anomaly(self.mean_anomaly + motion * (time - self.epoch), e)
        cosine, sine, squash = math.cos(anomaly), math.sin(anomaly), math.sqrt(1 - e * e)
        rate = axis * motion / (1 - e * cosine)
        return (
            *self._turned(axis * (cosine - e), axis * squash * sine),
            *self._turned(-rate * sine, rate * squash * cosine),
        )

    def _turned(self, x: float, y: float) -> Vector:
        """Turn a vector of the orbit's plane by periapsis, inclination and node."""
        periapsis, tilt, node = map(math.radians, (self.periapsis, self.inclination, self.node))
        x, y = (
            x * math.cos(periapsis) - y * math.sin(periapsis),
            x * math.sin(periapsis) + y * math.cos(periapsis),
        )
        y, z = y * math.cos(tilt), y * math.sin(tilt)
        return x * math.cos(node) - y * math.sin(node), x * math.sin(node) + y * math.cos(node), z


def eccentric_anomaly(mean_anomaly: float, eccentricity: float) -> float:
    """Solve Kepler's equation by Newton's method; radians."""
    mean = math.remainder(mean_anomaly, math.tau)
    anomaly = mean if eccentricity < 0.8 else math.copysign(math.pi, mean)
    for _ in range(50):
        change = (anomaly - eccentricity * math.sin(anomaly) - mean) / (1 - eccentricity * math.cos(anomaly))
        anomaly -= change
        if abs(change) < 1e-14:
            break
    return anomaly


def rk4(state: State, thrust: Vector, dt: float) -> State:
    """Advance by one step of the classical Runge-Kutta method of order four.

    Acceleration depends on position alone, so that the four stages reduce to four evaluations of gravity.

    Parameters
    ----------
    thrust
        Acceleration by the engines in m/s^2, constant over the step.
    dt
        In s.
    """
    x, y, z, u, v, w = state
    p, q, r = thrust
    half, quarter = 0.5 * dt, 0.25 * dt * dt
    square = x * x + y * y + z * z
    k = -MU / (square * math.sqrt(square))
    a1, b1, c1 = k * x + p, k * y + q, k * z + r
    xs, ys, zs = x + half * u, y + half * v, z + half * w
    square = xs * xs + ys * ys + zs * zs
    k = -MU / (square * math.sqrt(square))
    a2, b2, c2 = k * xs + p, k * ys + q, k * zs + r
    xs, ys, zs = xs + quarter * a1, ys + quarter * b1, zs + quarter * c1
    square = xs * xs + ys * ys + zs * zs
    k = -MU / (square * math.sqrt(square))
    a3, b3, c3 = k * xs + p, k * ys + q, k * zs + r
    xs, ys, zs = x + dt * (u + half * a2), y + dt * (v + half * b2), z + dt * (w + half * c2)
    square = xs * xs + ys * ys + zs * zs
    k = -MU / (square * math.sqrt(square))
    sixth = dt / 6
    return (
        x + dt * (u + sixth * (a1 + a2 + a3)),
        y + dt * (v + sixth * (b1 + b2 + b3)),
        z + dt * (w + sixth * (c1 + c2 + c3)),
        u + sixth * (a1 + 2 * (a2 + a3) + k * xs + p),
        v + sixth * (b1 + 2 * (b2 + b3) + k * ys + q),
        w + sixth * (c1 + 2 * (c2 + c3) + k * zs + r),
    )


def coast(state: State, duration: float, dt: float = 0.25) -> State:
    """Advance without thrust by equal steps of at most `dt`; s."""
    steps = max(1, math.ceil(duration / dt - 1e-9))
    for _ in range(steps):
        state = rk4(state, (0.0, 0.0, 0.0), duration / steps)
    return state


def energy(state: State) -> float:
    """Return the orbital energy in J/kg, constant without thrust."""
    return 0.5 * dot(velocity(state), velocity(state)) - MU / norm(position(state))


def angular_momentum(state: State) -> Vector:
    """Return the angular momentum in m^2/s, constant without thrust."""
    return cross(position(state), velocity(state))


def drifted(state: State, duration: float) -> State:
    """Move a state along its velocity for so short a time, in s, that gravity does not show in a tick."""
    x, y, z, u, v, w = state
    return (x + u * duration, y + v * duration, z + w * duration, u, v, w)


def stumpff(z: float) -> tuple[float, float]:
    """Return Stumpff's functions C(z) and S(z)."""
    if abs(z) < 1e-3:  # The closed forms lose digits near zero.
        return (
            1 / 2 - z / 24 + z * z / 720 - z**3 / 40320,
            1 / 6 - z / 120 + z * z / 5040 - z**3 / 362880,
        )
    root = math.sqrt(abs(z))
    if z > 0:
        return (1 - math.cos(root)) / z, (root - math.sin(root)) / root**3
    return (1 - math.cosh(root)) / z, (math.sinh(root) - root) / root**3


def propagate(state: State, duration: float) -> State:
    """Advance along any conic in one go by universal variables; s."""
    r0, v0 = position(state), velocity(state)
    radius, root_mu = norm(r0), math.sqrt(MU)
    radial = dot(r0, v0) / root_mu
    inverse_axis = 2 / radius - dot(v0, v0) / MU
    chi = root_mu * duration / radius
    for _ in range(60):
        z = inverse_axis * chi * chi
        c, s = stumpff(z)
        residual = (
            radial * chi**2 * c + (1 - inverse_axis * radius) * chi**3 * s + radius * chi - root_mu * duration
        )
        slope = radial * chi * (1 - z * s) + (1 - inverse_axis * radius) * chi**2 * c + radius
        chi -= residual / slope
        if abs(residual / slope) < 1e-12 * max(1.0, abs(chi)):
            break
    z = inverse_axis * chi * chi
    c, s = stumpff(z)
    f, g = 1 - chi**2 * c / radius, duration - chi**3 * s / root_mu
    there = add(scale(r0, f), scale(v0, g))
    far = norm(there)
    f_rate, g_rate = root_mu * chi * (z * s - 1) / (far * radius), 1 - chi**2 * c / far
    return (*there, *add(scale(r0, f_rate), scale(v0, g_rate)))


def lambert(start: Vector, end: Vector, duration: float) -> tuple[Vector, Vector]:
    """Find the velocities of the conic from one place to another, less than half a turn, in a given time.

    Universal variables (Curtis, *Orbital Mechanics for Engineering Students*, algorithm 5.2) in a form that
    keeps its digits on the short arcs of a rendezvous; time grows with the unknown, so that its root is
    bracketed.

    Parameters
    ----------
    start, end
        In m.
    duration
        In s, above 0.

    Returns
    -------
    tuple of Vector
        Velocities at the start and at the end, in m/s.

    Raises
    ------
    MMReproError
        If the duration is not above zero or the turn is exactly half.
    """
    from scipy.optimize import brentq  # here: settings need this module, not half a second of imports

    if not duration > 0:
        raise MMReproError(f"a transfer cannot take {duration:g} s; give a duration above 0 s.")
    r1, r2 = norm(start), norm(end)
    cosine = dot(start, end) / (r1 * r2)
    if cosine < -1 + 1e-12:
        raise MMReproError("a transfer of exactly half a turn has no plane; move one of the two places.")
    # r1 r2 (1 + cos) under the root: no difference of nearly equal numbers, however short the arc.
    a = math.sqrt(r1 * r2 * (1 + cosine))

    def reach(z: float) -> tuple[float, float]:
        """Return y of the time equation and how much later than asked for the conic arrives."""
        c, s = stumpff(z)
        y = r1 + r2 + a * (z * s - 1) / math.sqrt(c)
        # Where y is negative no conic is fast enough; at its zero the time is nothing.
        taken = (y / c) ** 1.5 * s + a * math.sqrt(y) if y > 0 else 0.0
        return y, taken - math.sqrt(MU) * duration

    # The square of the change of eccentric anomaly: that of a circle to start with, then a bracket.
    low = high = math.acos(max(-1.0, min(1.0, cosine))) ** 2
    while reach(low)[1] > 0:
        low = low - 1 - abs(low)
    while reach(high)[1] < 0:
        high = 0.5 * (high + 4 * math.pi**2)
    z = brentq(lambda z: reach(z)[1], low, high, xtol=1e-18, maxiter=200) if low < high else low
    y, _ = reach(z)
    f, g, g_rate = 1 - y / r1, a * math.sqrt(y / MU), 1 - y / r2
    return (
        scale(subtract(end, scale(start, f)), 1 / g),
        scale(subtract(scale(end, g_rate), start), 1 / g),
    )


def clohessy_wiltshire(relative: State, mean_motion: float, time: float) -> Vector:
    """Return where a craft near a target on a circular orbit drifts, by the linearised equations.

    Parameters
    ----------
    relative
        Position and velocity in the target's rotating frame: radial, along the orbit, normal.
    mean_motion
        Of the target in rad/s.
    time
        In s.
    """
    x, y, z, u, v, w = relative
    n, s, c = mean_motion, math.sin(mean_motion * time), math.cos(mean_motion * time)
    return (
        (4 - 3 * c) * x + s / n * u + 2 * (1 - c) / n * v,
        6 * (s - n * time) * x + y - 2 * (1 - c) / n * u + (4 * s - 3 * n * time) / n * v,
        c * z + s / n * w,
    )
