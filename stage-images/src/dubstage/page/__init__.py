"""The page of the report: one HTML file without a network, for people who look at a dub."""
