"""The whole stack on one machine, for development and for the tests. Production brings its own."""
