"""Measures the constants of :mod:`dev.scaling.constants` that no benchmark gives."""
