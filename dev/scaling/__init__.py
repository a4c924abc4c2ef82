"""How far the design carries: a model of its loads, and a simulation of its queues."""
