//! The private Postgres cluster of a development machine.
