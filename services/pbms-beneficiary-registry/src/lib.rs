//! pbms-beneficiary-registry
