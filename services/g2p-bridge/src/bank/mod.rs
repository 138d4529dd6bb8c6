//! Sponsor banks. A connector says what its bank can do and turns the bank's answers into three outcomes; what to do
//! with them is decided elsewhere.

mod example;
pub mod files;
pub mod hub;
mod registry;
mod wire;

use async_trait::async_trait;
use money::Amount;
use platform::Masked;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

pub use self::{
    example::ExampleBank,
    registry::{Banks, Lane, Turn},
};

/// What a bank can do. The core goes by this alone: it knows no bank by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// It can be asked, by a call, what became of a payment.
    pub inquiry: bool,
    /// It is told in files and answers in files: what is in its folder is with it, and nothing more can be asked.
    pub file_drop: bool,
    /// It tells whether the money is there, and sets it aside.
    pub funds: bool,
    /// It pays a key once however often it is sent.
    pub idempotency: bool,
    /// It gives the unused rest of a block back.
    pub release: bool,
    /// Payments that are best sent together, when that is not `payment_batch`.
    pub batch: Option<usize>,
    /// Most payments in one call.
    pub max_payments: usize,
    /// Most keys in one inquiry.
    pub max_inquiry: usize,
}

/// The call itself gave nothing to go by. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BankFault(pub String);

/// Whether an account holds enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FundsCheck {
    /// It does.
    Available,
    /// It does not, or the bank says why it will not tell.
    NotAvailable(String),
}

/// What came of asking for a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockOutcome {
    /// The money is set aside under this reference.
    Blocked(String),
    /// The bank refused.
    Refused(String),
    /// Perhaps it is blocked, perhaps not: ask again with the same key.
    Unknown(String),
}

/// What the bank is asked to block or give back.
#[derive(Debug, Clone, Copy)]
pub struct BlockRequest<'a> {
    /// The same for every try: the bank blocks once for it.
    pub key: &'a str,
    /// The sponsor's account.
    pub account_number: &'a str,
    /// How much.
    pub amount: Amount,
}

/// Which block is to be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockName<'a> {
    /// The bank's reference.
    Reference(&'a str),
    /// The key it was asked for under, when the bank's answer never came: nothing may be blocked under it any more.
    Key(&'a str),
}

/// What is the same for all payments of a call.
#[derive(Debug, Clone)]
pub struct PaymentFrame {
    /// Follows from the batch, its payments and what was sent of them before: the same call again has the same id.
    pub call_id: Uuid,
    /// The batch.
    pub batch_id: Uuid,
    /// When the batch was formed.
    pub formed_at: OffsetDateTime,
    /// The day of that in the programme's time zone.
    pub formed_on: Date,
    /// The sponsor's account.
    pub account_number: String,
    /// The block that pays; empty at a bank that blocks nothing.
    pub block_reference: String,
    /// The programme.
    pub program: String,
    /// The cycle.
    pub cycle: String,
    /// `YYYY-MM-DD`, in the programme's time zone.
    pub payment_date: String,
}

/// One payment. Its personal data are masked.
#[derive(Debug, Clone)]
pub struct Payment {
    /// The payment's key: its id.
    pub key: String,
    /// How much.
    pub amount: Amount,
    /// What the payee reads.
    pub narrative: Masked<String>,
    /// The payee's name, when it is known.
    pub payee_name: Option<Masked<String>>,
    /// `BANK_ACCOUNT`, `MOBILE_WALLET` or `EMAIL_WALLET`.
    pub account_kind: String,
    /// Number at the bank.
    pub account_number: Option<Masked<String>>,
    /// Savings and so on.
    pub account_type: Option<String>,
    /// The payee's bank.
    pub bank_code: Option<String>,
    /// The branch.
    pub branch_code: Option<String>,
    /// Wallet.
    pub mobile_number: Option<Masked<String>>,
    /// Wallet.
    pub email_address: Option<Masked<String>>,
    /// Who runs the wallet.
    pub wallet_provider: Option<String>,
}

/// What a bank said to one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It took the payment on, now or before.
    Accepted,
    /// It will not pay it. The text is the bank's.
    Rejected(String),
    /// It was handed over for sure, and the bank says later whether it takes it on. It is not sent again.
    HandedOver,
    /// Nobody knows: ask by key before anything else.
    Unknown(&'static str),
}

/// A payment that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The payment's key.
    pub key: String,
    /// The call it was last sent in.
    pub call_id: Option<Uuid>,
}

/// What a bank says when it is asked about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inquiry {
    /// It never heard of it, and never will by what was sent before.
    NotFound,
    /// It has it and does not say yet what becomes of it.
    HandedOver,
    /// It has taken it on, booked it, or booked and reversed it. The statement tells the rest.
    Accepted,
    /// It will not pay it. The text is the bank's.
    Rejected(String),
}

/// What a bank says of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It takes it on, or has paid it; only a statement shows that it has.
    Accepted,
    /// It will not pay it. The text is the bank's code.
    Rejected(String),
}

/// How the bridge talks to a bank.
#[async_trait]
pub trait BankConnector: std::fmt::Debug + Send + Sync {
    /// What the bank can do.
    fn capabilities(&self) -> Capabilities;

    /// Whether the account holds `amount`.
    ///
    /// # Errors
    /// When the bank cannot be asked.
    async fn check_funds(&self, account_number: &str, amount: Amount) -> Result<FundsCheck, BankFault>;

    /// Sets money aside.
    async fn block_funds(&self, request: BlockRequest<'_>) -> BlockOutcome;

    /// Gives the unused rest of a block back, and says how much that was; nothing when no block was made under the key,
    /// and then none ever will be.
    ///
    /// # Errors
    /// When the bank gave no clear answer: ask again with the same key.
    async fn release_block(
        &self,
        block: BlockName<'_>,
        key: &str,
        currency: money::Currency,
    ) -> Result<Amount, BankFault>;

    /// Pays: an outcome for each payment, in the order given.
    async fn pay(&self, frame: &PaymentFrame, payments: &[Payment]) -> Vec<Outcome>;

    /// Asks what became of payments: an answer for each, in the order given; `None` when the bank did not mention it. A
    /// connector of files answers from what it wrote.
    ///
    /// # Errors
    /// When the bank cannot be asked.
    async fn inquire(&self, asked: &[Asked]) -> Result<Vec<Option<Inquiry>>, BankFault>;

    /// Whose payments it makes.
    fn tenant(&self) -> &str {
        "default"
    }

    /// What its callbacks are checked with.
    fn hub(&self) -> Option<&hub::Hub> {
        None
    }

    /// Where the bank puts its files.
    fn folder(&self) -> Option<&files::Folder> {
        None
    }
}

/// What a bank without funds service answers to everything about funds; the core does not ask it.
pub(crate) const NO_FUNDS: &str = "the bank offers no check and no block of funds";
