"""What is on record about a person: where it is, showing it to them, and taking it away."""
