"""`make demo`: a real log and generated traffic through two workers, told as it happens."""
