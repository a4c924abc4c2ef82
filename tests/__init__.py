"""Tests; only those in `integration` need a Kafka."""
