//! The services these pages ask: the mapper for accounts and for the directory of banks and wallets, the beneficiary registry for payments.

pub(crate) mod desk;
pub(crate) mod directory;
pub(crate) mod mapper;
pub(crate) mod pbms;

use platform::CallError;

/// Why a peer gave nothing to show. The text names the peer and never a person, so it may stand in a log.
#[derive(Debug)]
pub(crate) enum PeerError {
    /// No answer, or none that can be used.
    Call(CallError),
    /// It refused the whole message.
    Refused(String),
}

impl From<CallError> for PeerError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl std::fmt::Display for PeerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Refused(code) => write!(f, "the mapper refused the message: {code}"),
        }
    }
}
