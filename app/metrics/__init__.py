"""What Prometheus scrapes: what the stages did, and how the engine is at the time of the scrape."""
