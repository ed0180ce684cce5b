"""What a workspace knows beside the rows of its tables: schemas, views, procedures, external objects, columns as declared."""
