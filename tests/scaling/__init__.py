"""Laws of the model of loads, of the simulation of queues, and of the page made from them."""
