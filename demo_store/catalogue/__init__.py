"""What the store sells."""
