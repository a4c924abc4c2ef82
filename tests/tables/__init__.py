"""Tests of a partition's store and of Faust's view of it, without a broker."""
