"""Material becomes passages in the index."""
