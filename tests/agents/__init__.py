"""Tests of the engine, without a broker."""
