//! g2p-connect
