"""From names in a query to what they stand for: tables, views, files, models, the catalog's own views."""
