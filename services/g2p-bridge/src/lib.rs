//! g2p-bridge
