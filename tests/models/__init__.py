"""The rules, tried without a broker."""
