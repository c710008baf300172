"""A small Hub on loopback that ships with the project: its server, its misbehaviour, its content."""
