"""A resource in, a document or a failure out: AWS, a local folder, files."""
