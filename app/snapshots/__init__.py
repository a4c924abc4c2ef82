"""Taking snapshots of the tables: what a worker does, and how a command asks for it."""
