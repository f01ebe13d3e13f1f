"""What the API itself writes. Each function works inside its caller's transaction."""
