//! Sponsor banks. A connector says what its bank can do and turns the bank's answers into three outcomes; what to do
//! with them is decided elsewhere.

mod example;
mod wire;

use async_trait::async_trait;
use money::Amount;
use platform::Masked;

pub use example::ExampleBank;

/// What a bank can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// It can be asked what became of a payment, by its key.
    pub inquiry: bool,
    /// It pays a key once however often it is sent.
    pub idempotency: bool,
    /// It gives the unused rest of a block back.
    pub release: bool,
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
    /// The sponsor's account.
    pub account_number: String,
    /// The block that pays.
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
    /// Nobody knows: ask by key before anything else.
    Unknown(&'static str),
}

/// What a bank says when it is asked about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inquiry {
    /// It never heard of it.
    NotFound,
    /// It has taken it on, booked it, or booked and reversed it. The statement tells the rest.
    Accepted,
    /// It will not pay it. The text is the bank's.
    Rejected(String),
}

/// How the bridge talks to a bank.
#[async_trait]
pub trait BankConnector: Send + Sync {
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

    /// Asks what became of payments: an answer for each key, in the order given; `None` when the bank did not mention it.
    ///
    /// # Errors
    /// When the bank cannot be asked.
    async fn inquire(&self, keys: &[String]) -> Result<Vec<Option<Inquiry>>, BankFault>;
}

/// The banks of this installation.
#[derive(Debug, Clone)]
pub struct Banks {
    example: ExampleBank,
}

impl Banks {
    /// The banks, reached through these connectors.
    #[must_use]
    pub const fn new(example: ExampleBank) -> Self {
        Self { example }
    }

    /// The connector of a `sponsor_bank_code`.
    #[must_use]
    pub fn of(&self, code: &str) -> Option<&dyn BankConnector> {
        match code.to_ascii_uppercase().as_str() {
            "EXAMPLE" | "EXAMPLE_BANK" => Some(&self.example),
            _ => None,
        }
    }
}
