"""What customers say about it."""
