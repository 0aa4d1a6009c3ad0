"""Values and errors that every context shares. Nothing here knows AWS, HTTP or the time of day."""
