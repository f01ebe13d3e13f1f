"""The page at `/docs` that shows the description of the API, and lets developers try it."""
