"""Everything that calls the API server."""
