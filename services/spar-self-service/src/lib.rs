//! spar-self-service
