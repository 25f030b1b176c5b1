"""The laptop's own PostgreSQL and Valkey, started from wheels where no server is named."""
