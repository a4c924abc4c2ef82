"""The schema registry: where it is, what it is asked, and what is known of its schemas."""
