"""Reading alone with aiokafka: the limit of a Python consumer."""
