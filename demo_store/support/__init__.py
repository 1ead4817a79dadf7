"""What customers ask, and the store's own help texts."""
