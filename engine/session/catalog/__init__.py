"""What a workspace knows beside rows: schemas, views, procedures, external objects, declared columns."""
