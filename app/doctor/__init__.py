"""Looking at everything around the application that can be wrong, with what to do about it."""
