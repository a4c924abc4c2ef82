"""Web views beside Faust's own of the tables."""
