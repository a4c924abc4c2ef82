"""What if: the past computed again with other windows, grace and join, to choose them by."""
