//! Every reason code of the wire, with its exact text.
//!
//! Each code carries what a service needs to render it: the HTTP status to use where the dialect lets the
//! status speak (problem JSON, strict errors; synchronous G2P-Connect answers stay 200), and whether the
//! same request may succeed later without being changed. [`table`] lists all of them.

mod bridge;
mod envelope;
mod mapper;
mod payment;
mod registry;

pub use bridge::BridgeReason;
pub use envelope::{ErrReason, HeaderReason, StatusReasonV2};
pub use mapper::{LinkReason, ResolveReason, UnlinkReason, UpdateReason};
pub use payment::{DisburseReason, DisburseSearchReason};
pub use registry::{SearchReason, SubscribeReason, UnsubscribeReason};

/// One row of the reason table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonEntry {
    /// The list the code belongs to, for example `LinkReason`. A code may stand in several lists.
    pub family: &'static str,
    /// The exact text on the wire.
    pub code: &'static str,
    /// HTTP status where the dialect lets the status speak.
    pub http_status: u16,
    /// Whether repeating the same request, unchanged, may succeed later.
    pub retryable: bool,
}

/// What all lists of reason codes have in common.
pub trait Reason: Copy + Sized + 'static {
    /// All codes of the list, in the order of the specification.
    const ALL: &'static [Self];

    /// The row of this code in the table.
    fn entry(self) -> ReasonEntry;

    /// The exact text on the wire.
    fn code(self) -> &'static str {
        self.entry().code
    }

    /// The code with this text; none when the list has no such code.
    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }
}

/// The whole table: every code of every list.
pub fn table() -> Vec<ReasonEntry> {
    let mut rows = Vec::new();
    extend::<HeaderReason>(&mut rows);
    extend::<ErrReason>(&mut rows);
    extend::<StatusReasonV2>(&mut rows);
    extend::<LinkReason>(&mut rows);
    extend::<UpdateReason>(&mut rows);
    extend::<UnlinkReason>(&mut rows);
    extend::<ResolveReason>(&mut rows);
    extend::<SearchReason>(&mut rows);
    extend::<SubscribeReason>(&mut rows);
    extend::<UnsubscribeReason>(&mut rows);
    extend::<DisburseReason>(&mut rows);
    extend::<DisburseSearchReason>(&mut rows);
    extend::<BridgeReason>(&mut rows);
    rows
}

fn extend<R: Reason>(rows: &mut Vec<ReasonEntry>) {
    rows.extend(R::ALL.iter().map(|reason| reason.entry()));
}

/// Declares a list of codes: `Variant = "wire.text", http status, final|retry;`.
macro_rules! reason_codes {
    (
        $(#[$outer:meta])*
        pub enum $name:ident {
            $( $(#[$inner:meta])* $variant:ident = $code:tt, $status:tt, $when:ident; )+
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        pub enum $name {
            $( $(#[$inner])* #[serde(rename = $code)] $variant, )+
        }

        impl $crate::reason::Reason for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn entry(self) -> $crate::reason::ReasonEntry {
                let (code, http_status, retryable) = match self {
                    $( Self::$variant => ($code, $status, $crate::reason::reason_codes!(@ $when)), )+
                };
                $crate::reason::ReasonEntry { family: stringify!($name), code, http_status, retryable }
            }
        }

        impl $name {
            /// The exact text on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $code, )+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
    (@ retry) => { true };
    (@ final) => { false };
}
pub(crate) use reason_codes;

#[cfg(test)]
mod tests;
