"""Quix Streams as a peer."""
