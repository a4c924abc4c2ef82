"""Flink SQL by PyFlink, in one process with its Java."""
