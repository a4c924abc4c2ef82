"""Laws of the simulated queues."""

import pytest

from dev.scaling.limits import default
from dev.scaling.model import Model
from dev.scaling.queues import Outcome, Scene, Station
from dev.scaling.scenes import MEASURED, Point, bench
from dev.scaling.simulation import Simulation
from dev.scaling.workload import Deployment

#: How far from what was measured the simulation may be.
FACTOR = 1.4


def run(load: float, workers: int = 2, brokers: int = 8, hot: float = 0.0) -> Outcome:
    """Some workers with 8 partitions, for three seconds."""
    model = Model(default(load), Deployment(workers, 8, 8))
    return Simulation(Scene(model, brokers, 3.0, hot=hot)).run()


@pytest.mark.parametrize("point", MEASURED, ids=lambda point: point.what)
def test_it_agrees_with_what_was_measured(point: Point) -> None:
    """Within a factor that docs/scaling.md tells."""
    assert point.measured / FACTOR <= point.simulated() <= point.measured * FACTOR


@pytest.mark.parametrize("load", [1_000, 10_000, 40_000, 100_000, 400_000])
def test_throughput_is_never_beyond_the_load_or_the_cores(load: float) -> None:
    """A click takes at least its own microseconds on a worker's core."""
    found = run(load)
    one = Model(default(load), Deployment(2, 8, 8)).one
    most = 2 / (one.enrich_us + one.count_us + one.join_us) * 1e6
    # What was taken before the half that is looked at may be done in it.
    assert found.clicks_s <= min(load, most) * 1.1


def test_what_a_deployment_can_do_is_done() -> None:
    """At a third of what two cores can, nothing is left behind."""
    found = run(15_000)
    assert pytest.approx(15_000, rel=0.05) == found.clicks_s
    assert found.latency_ms < 500


def test_beyond_its_capacity_latency_grows_and_a_resource_is_full() -> None:
    """Its workers' cores, where brokers have enough."""
    light, heavy = run(15_000), run(200_000)
    assert heavy.latency_ms > 2 * light.latency_ms
    assert heavy.used[heavy.first] > 0.95
    assert heavy.used["workers"] > 0.95


def test_a_backlog_is_done_to_the_last_record() -> None:
    """By every stage, whatever the order was."""
    simulation = Simulation(
        Scene(Model(default(1_000), Deployment(3, 8, 8)), 4, backlog=50_000, rows=1_000)
    )
    simulation.run()
    counted = {stage: simulation.done[stage] for stage in ("enrichment", "counting", "joining")}
    assert dict.fromkeys(counted, pytest.approx(50_000, abs=1)) == counted


def test_twice_the_workers_do_nearly_twice_as_much_where_brokers_have_room() -> None:
    """The same work, waited for together."""
    once, twice = bench(1, 8).clicks_s, bench(2, 8).clicks_s
    assert 1.6 * once <= twice <= 2.1 * once


def test_brokers_without_room_are_what_is_full() -> None:
    """More workers don't help then."""
    found = run(400_000, workers=8, brokers=1)
    assert "brokers" == found.first
    assert found.clicks_s < 2 * run(400_000, workers=4, brokers=1).clicks_s


def test_one_user_who_makes_most_clicks_holds_up_one_partition() -> None:
    """Its task, on one core, is what all of them end up waiting for."""
    even, hot = run(60_000, workers=8), run(60_000, workers=8, hot=0.9)
    assert hot.clicks_s < even.clicks_s
    assert hot.latency_ms > even.latency_ms
    assert hot.used["the busiest worker"] > 0.95 > hot.used["workers"]


def test_the_same_scene_has_the_same_outcome() -> None:
    """Nothing in it is drawn."""
    assert run(20_000) == run(20_000)


def test_a_station_serves_in_order_on_as_many_cores_as_it_has() -> None:
    """Two at once, the third when the first is done."""
    station = Station([0.0, 0.0])
    assert [1.0, 2.0, 2.0] == [station.serve(0.0, work_s) for work_s in (1.0, 2.0, 1.0)]
    assert 11.0 == station.serve(10.0, 1.0)
    assert 5.0 == station.busy_s
