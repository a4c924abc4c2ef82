"""The cluster in a terminal, as its workers tell of it."""
