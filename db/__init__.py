"""What is kept in PostgreSQL: what people read, and the permanent record."""
