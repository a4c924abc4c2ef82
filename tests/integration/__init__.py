"""Tests against a real Kafka, marked `integration` by their folder."""
