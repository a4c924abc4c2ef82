"""The simulation is worth what it finds: each rule of the engine taken out, it must see it."""

import pytest

from tests.simulation.mutations import MUTATIONS, Mutation

_MOST_SEEDS = 500


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_an_engine_without_one_of_its_rules_is_found_out(mutation: Mutation) -> None:
    """Within some hundred seeds, and most of them at once."""
    assert mutation.seeds_until_found(_MOST_SEEDS) is not None
