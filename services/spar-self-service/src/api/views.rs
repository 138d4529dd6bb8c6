//! What the templates in `pages/` show.

use askama::Template;
use pages::{Choice, Field, Page};

/// Names and values, a line each.
pub(crate) type Facts = Vec<(String, String)>;

/// The first page.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignIn {
    pub(crate) page: Page,
    /// Why the person is here; may be empty.
    pub(crate) note: String,
    /// Addresses and texts of the ways to sign in.
    pub(crate) providers: Vec<(String, String)>,
    /// Whether people can sign in by a code.
    pub(crate) open: bool,
    pub(crate) code: Field,
}

/// The account.
#[derive(Template)]
#[template(path = "account.html")]
pub(crate) struct Account {
    pub(crate) page: Page,
    pub(crate) facts: Facts,
    pub(crate) text: String,
    pub(crate) warning: String,
    /// Text of the button.
    pub(crate) change: String,
}

/// Bank or wallet?
#[derive(Template)]
#[template(path = "change.html")]
pub(crate) struct Change {
    pub(crate) page: Page,
    pub(crate) kind: Choice,
}

/// Which bank account?
#[derive(Template)]
#[template(path = "bank.html")]
pub(crate) struct Bank {
    pub(crate) page: Page,
    pub(crate) bank: Choice,
    pub(crate) branch_name: Field,
    pub(crate) branch_code: Field,
    pub(crate) number: Field,
}

/// Which wallet?
#[derive(Template)]
#[template(path = "wallet.html")]
pub(crate) struct Wallet {
    pub(crate) page: Page,
    pub(crate) wallet: Choice,
    pub(crate) phone: Field,
}

/// Is this right?
#[derive(Template)]
#[template(path = "check.html")]
pub(crate) struct Check {
    pub(crate) page: Page,
    pub(crate) facts: Facts,
    /// Where to change it.
    pub(crate) edit: String,
    /// Text of the link to sign in once more before it is confirmed; may be empty.
    pub(crate) again: String,
}

/// It is changed.
#[derive(Template)]
#[template(path = "receipt.html")]
pub(crate) struct Receipt {
    pub(crate) page: Page,
    pub(crate) facts: Facts,
    pub(crate) reference: String,
}

/// One payment.
pub(crate) struct PaymentRow {
    pub(crate) what: String,
    pub(crate) date: String,
    pub(crate) amount: String,
    pub(crate) progress: String,
    /// `good`, `wait`, `bad` or `off`: the sign beside the words.
    pub(crate) look: &'static str,
    pub(crate) advice: String,
    /// Text of a link to the change of the account; may be empty.
    pub(crate) link: String,
}

/// All payments.
#[derive(Template)]
#[template(path = "payments.html")]
pub(crate) struct Payments {
    pub(crate) page: Page,
    pub(crate) count: String,
    pub(crate) lines: Vec<PaymentRow>,
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Message {
    pub(crate) page: Page,
    pub(crate) text: String,
    /// Where to go on; may be empty.
    pub(crate) link: String,
    pub(crate) link_text: String,
}
