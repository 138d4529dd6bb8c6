//! bank-formats
