"""Versions of the application beside each other: replay, compare, promote, retire."""
