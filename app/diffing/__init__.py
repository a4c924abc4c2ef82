"""Two versions' outputs against each other, up to where both are final."""
