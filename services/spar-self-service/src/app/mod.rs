//! Use cases. Each takes the person from the session; nothing takes a person's id from elsewhere.

mod account;
mod bearer;
pub(crate) mod choices;
mod direct;
pub(crate) mod directory;
mod draft;
mod helpdesk;
mod history;
mod payments;
mod session;
mod sign_in;
mod staff;

pub(crate) use account::{Account, Confirmed, account, confirm, linked, prepare_stop, receipt, stop};
pub(crate) use bearer::bearer;
pub(crate) use direct::{Direct, as_object, read_address, set_account, unset_account, whole_account};
pub(crate) use draft::{choose_bank, choose_branch, draft, keep_change};
pub(crate) use helpdesk::{
    FoundPerson, MAX_REASON, ask_for_change, decide, find, found, freeze, is_about, reveal, waiting,
};
pub(crate) use history::{Happened, HistoryLine, Who, happened, history};
pub(crate) use payments::{PaymentLine, payments};
pub(crate) use session::{Person, SignIn, SignOutThere, claim_of_session, person, sign_in_as, sign_out};
pub(crate) use sign_in::{Returned, begin_again, begin_sign_in, finish_sign_in, may_change, provider_of};

pub(crate) use staff::{
    APPROVE, CHANGE, FREEZE, LOOKUP, REVEAL, Staff, begin_staff_sign_in, finish_staff_sign_in, staff,
    staff_sign_out,
};

use platform::{ApiError, Permission};
use storage::StoreError;

use crate::peers::PeerError;

/// To see one's own account and payments.
const READ: Permission = Permission::new("self:read");
/// To change one's own account.
const WRITE: Permission = Permission::new("self:write");

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nobody is signed in.
    SignedOut,
    /// There is no such thing, or not for this person.
    NotFound,
    /// The form does not come from a page of this session.
    Forged,
    /// The form is about another person than the one who is looked at by now.
    OtherPerson,
    /// The form is none of ours.
    Malformed,
    /// The session does not allow it.
    Forbidden,
    /// Somebody could not sign in.
    SignIn(SignInFault),
    /// Something we need is away. The text is for the log: it names systems, no persons.
    Away(String),
    /// A fault of ours. The text is for the log.
    Broken(String),
}

/// Why somebody could not sign in.
#[derive(Debug)]
pub(crate) enum SignInFault {
    /// No sign-in was begun in this browser that this could be the end of; or it is used up, or too old.
    Over,
    /// The person stopped, or the provider did not let her in.
    Denied,
    /// What came back proves nothing. The text is for the log.
    Refused(String),
    /// The provider did not say the id that the person has here.
    Unknown,
    /// Somebody else proved who she is than the one whose session it is.
    Another,
}

impl From<SignInFault> for Fault {
    fn from(fault: SignInFault) -> Self {
        Self::SignIn(fault)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound(_) => Self::NotFound,
            StoreError::Serialization | StoreError::Unavailable(_) | StoreError::Timeout(_) => {
                Self::Away(error.to_string())
            }
            StoreError::Constraint { .. } | StoreError::Other(_) => Self::Broken(error.to_string()),
        }
    }
}

impl From<PeerError> for Fault {
    fn from(error: PeerError) -> Self {
        Self::Away(error.to_string())
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        match error.status().as_u16() {
            403 => Self::Forbidden,
            404 => Self::NotFound,
            400..=499 => Self::Malformed,
            503 => Self::Away(error.to_string()),
            _ => Self::Broken(error.to_string()),
        }
    }
}

impl From<g2p_crypto::KeyError> for Fault {
    fn from(error: g2p_crypto::KeyError) -> Self {
        Self::Broken(error.to_string())
    }
}
