"""From executed notebooks and run records to a book that reads offline."""
