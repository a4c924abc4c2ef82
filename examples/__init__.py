"""Small programs beside the application, that read what it writes."""
