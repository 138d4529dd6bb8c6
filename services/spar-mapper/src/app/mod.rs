//! Use cases: link, update, unlink, resolve, in no dialect. Each is a batch whose items do not harm each other.

pub(crate) mod bulk;
mod change;
pub(crate) mod checkpoints;
pub(crate) mod directory;
pub(crate) mod history;
mod layout;
mod limits;
mod names;
pub(crate) mod oracle;
pub(crate) mod pending;
mod resolve;
pub(crate) mod sealing;
mod strategies;
pub(crate) mod transactions;

pub(crate) use change::change;
pub(crate) use layout::lay_out;
pub(crate) use limits::Limits;
pub(crate) use resolve::{Answer, resolve};
pub(crate) use strategies::{Strategies, StrategyBook};

use platform::{ApiError, Ctx, Permission, Sender, SignedBody, partners::Mode};

use crate::domain::Operation;

/// Every operation with every scope.
pub(crate) const CALL: Permission = Permission::new("mapper:call");
/// Addresses in full.
const DETAILS: Permission = Permission::new("mapper:details");

/// Who sends a message.
#[derive(Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) ctx: Ctx,
    pub(crate) sender: &'a Sender,
    pub(crate) message_id: &'a str,
    /// How the message comes, for the history.
    channel: &'static str,
}

impl<'a> Caller<'a> {
    /// The verified sender of a message.
    pub(crate) fn of(signed: &'a SignedBody) -> Result<Self, platform::EnvelopeFault> {
        let (sender, ctx) = signed.verified()?;
        Ok(Self::new(ctx, sender, &signed.head.message_id))
    }

    /// A partner that was found out otherwise.
    pub(crate) fn new(ctx: Ctx, sender: &'a Sender, message_id: &'a str) -> Self {
        Self { ctx, sender, message_id, channel: "partner" }
    }

    /// The same, coming by a way of its own.
    pub(crate) fn through(self, channel: &'static str) -> Self {
        Self { channel, ..self }
    }

    /// Whether the sender is served as deployed mappers serve it.
    pub(crate) fn compat(&self) -> bool {
        self.sender.partner.mode == Mode::Compat
    }

    /// First line of each use case: a partner has [`CALL`], or the permission of the one operation.
    pub(crate) fn require(&self, operation: Operation) -> Result<(), ApiError> {
        let one = match operation {
            Operation::Link => Permission::new("mapper:link"),
            Operation::Update => Permission::new("mapper:update"),
            Operation::Unlink => Permission::new("mapper:unlink"),
            Operation::Resolve => Permission::new("mapper:resolve"),
        };
        if self.ctx.may(CALL) { Ok(()) } else { self.ctx.require(one) }
    }

    /// Whether a resolve may tell addresses to the sender.
    pub(crate) fn may_see_details(&self) -> bool {
        self.ctx.may(CALL) || self.ctx.may(DETAILS)
    }

    pub(crate) fn may_use_id(&self, id: &str) -> bool {
        self.sender.partner.policy.may_use_id(id)
    }
}
