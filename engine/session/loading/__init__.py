"""Text files row by row: each is converted whole or rejected, and what is rejected is told and kept."""
