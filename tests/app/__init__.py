"""Tests of settings, commands and inputs, without a broker."""
