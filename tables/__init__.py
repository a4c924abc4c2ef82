"""State of one partition, the transaction that changes it, and Faust's view of it."""
