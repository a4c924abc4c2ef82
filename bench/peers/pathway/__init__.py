"""Pathway as a peer."""
