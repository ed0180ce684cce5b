"""One module for each family of statements; `dispatch` knows which function does which statement."""
