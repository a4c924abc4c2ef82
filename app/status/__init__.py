"""How the cluster is: each worker's own part, and the whole as any worker puts it together."""
