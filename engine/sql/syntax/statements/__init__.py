"""The statements of T-SQL as frozen values, by family."""
