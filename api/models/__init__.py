"""What the API takes and answers, as documented at `/openapi.json`."""
