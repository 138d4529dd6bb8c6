//! g2p-crypto
