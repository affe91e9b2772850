from mmrepro.papers.space_operator import parts
from mmrepro.papers.space_operator.published import MALFORMED, REPLY_TIME
from mmrepro.papers.space_operator.settings import Settings

SMALL = Settings(
    flights=2, timeout=8.0, eye_pictures=16, eye_epochs=1, size=32, width=16, num_heads=2,
    reply_times=(0.0, 1.0), spoilt=(0.0,), device="cpu",
)  # fmt: skip


def test_every_part_is_done_in_any_number_of_processes():
    done = parts.all_done(SMALL, 0.3, map)
    assert list(done) == list(parts.parts(SMALL, 0.3))
    assert done["eye"].eye.size == 32
    agents = [agent.name for agent in parts.agents(0)]
    assert list(done["agents"]["agent"].unique()) == agents
    assert set(done["agents"]["scenario"]) == set(parts.SCENARIOS) and set(done["drawn"]["scenario"]) == {
        parts.DRAWN
    }
    assert len(done["agents"]) == len(agents) * len(parts.SCENARIOS) * SMALL.flights


def test_what_the_authors_measured_is_always_among_the_steps():
    done = parts.all_done(SMALL, 1.0, lambda work, jobs: map(work, jobs))
    assert set(done["latency"]["reply_time"]) == {0.0, 1.0, parts.BRISK, REPLY_TIME}
    assert set(done["malformed"]["share"]) == {0.0, MALFORMED}
    sampled = done["misread"].pivot(index="start", columns="late", values="sampled")
    assert (sampled[True] != sampled[False]).all()  # all reads late, none late
    assert set(done["raids"]["agent"]) == {"naive", "navball", "expert", "wide berth"}
