//! Payment status reports (pain.002): what a bank says to a pain.001.

mod reader;
mod writer;

pub use reader::{Parser, Part, parse};
pub use writer::to_text;

use crate::statement::{LineProblem, ReturnReason};

/// What became of a message, a batch or a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// `RCVD`: it arrived.
    Received,
    /// `ACTC`: its form is right.
    AcceptedTechnical,
    /// `ACCP`: the customer's profile was checked too.
    AcceptedProfile,
    /// `ACSP`: it is being settled.
    SettlementInProcess,
    /// `ACWC`: it is accepted, with a change.
    AcceptedWithChange,
    /// `ACSC`: the payer's account was debited.
    Settled,
    /// `ACCC`: the payee's account was credited.
    Credited,
    /// `PDNG`: not decided yet.
    Pending,
    /// `PART`: some were accepted, some not. Of messages and batches only.
    Partial,
    /// `RJCT`: refused.
    Rejected,
}

impl Status {
    const ALL: [Self; 10] = [
        Self::Received,
        Self::AcceptedTechnical,
        Self::AcceptedProfile,
        Self::SettlementInProcess,
        Self::AcceptedWithChange,
        Self::Settled,
        Self::Credited,
        Self::Pending,
        Self::Partial,
        Self::Rejected,
    ];

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter()
    }

    /// The code of the standard.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Received => "RCVD",
            Self::AcceptedTechnical => "ACTC",
            Self::AcceptedProfile => "ACCP",
            Self::SettlementInProcess => "ACSP",
            Self::AcceptedWithChange => "ACWC",
            Self::Settled => "ACSC",
            Self::Credited => "ACCC",
            Self::Pending => "PDNG",
            Self::Partial => "PART",
            Self::Rejected => "RJCT",
        }
    }

    /// The status of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

/// What the report says about the whole message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// `GrpHdr/MsgId`: of this report.
    pub message_id: String,
    /// `OrgnlMsgId`: the pain.001 it answers.
    pub original_message_id: String,
    /// `GrpSts`, when it says one.
    pub status: Option<Status>,
    /// Why.
    pub reason: ReturnReason,
}

/// What the report says about a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// `OrgnlPmtInfId`.
    pub id: String,
    /// `PmtInfSts`, when it says one.
    pub status: Option<Status>,
    /// Why.
    pub reason: ReturnReason,
}

/// What the report says about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// `OrgnlPmtInfId` of its batch.
    pub batch_id: String,
    /// `OrgnlInstrId`.
    pub instruction_id: Option<String>,
    /// `OrgnlEndToEndId`: our id of the payment.
    pub end_to_end_id: String,
    /// `TxSts`.
    pub status: Status,
    /// Why.
    pub reason: ReturnReason,
    /// `AcctSvcrRef`: the bank's own reference.
    pub bank_reference: Option<String>,
}

/// A whole report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// About the message.
    pub group: Group,
    /// About batches, in the order of the file.
    pub batches: Vec<Batch>,
    /// About payments, in the order of the file.
    pub transactions: Vec<Transaction>,
    /// What could not be read, by the number of the transaction from 1 (0: none of them). At most 1000.
    pub problems: Vec<LineProblem>,
}

impl Report {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
