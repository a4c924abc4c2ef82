"""Tests of the benchmarks: what they measure, not how quick anything is."""
