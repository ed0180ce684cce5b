"""The grammar of queries and of all that stands in them."""
