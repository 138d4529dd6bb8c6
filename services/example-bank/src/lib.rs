//! example-bank
