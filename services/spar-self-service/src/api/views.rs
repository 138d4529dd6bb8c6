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

/// What somebody does who is in no programme's register.
#[derive(Template)]
#[template(path = "not_registered.html")]
pub(crate) struct NotRegistered {
    pub(crate) page: Page,
    /// Whom to ask.
    pub(crate) help: String,
    pub(crate) link: String,
    pub(crate) link_text: String,
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
    /// Whether there is an account that can be taken away.
    pub(crate) linked: bool,
}

/// Bank or wallet?
#[derive(Template)]
#[template(path = "change.html")]
pub(crate) struct Change {
    pub(crate) page: Page,
    pub(crate) kind: Choice,
}

/// Which bank?
#[derive(Template)]
#[template(path = "bank.html")]
pub(crate) struct Bank {
    pub(crate) page: Page,
    pub(crate) bank: Choice,
}

/// Which branch?
#[derive(Template)]
#[template(path = "branch.html")]
pub(crate) struct Branch {
    pub(crate) page: Page,
    /// To search by name; not shown when there are few.
    pub(crate) search: Option<Field>,
    /// What was found; empty: nothing, or nothing was looked for.
    pub(crate) branch: Choice,
    /// About what was found; may be empty.
    pub(crate) note: String,
}

/// Which account number?
#[derive(Template)]
#[template(path = "number.html")]
pub(crate) struct Number {
    pub(crate) page: Page,
    /// Bank and branch.
    pub(crate) facts: Facts,
    pub(crate) number: Field,
}

/// Which wallet?
#[derive(Template)]
#[template(path = "wallet.html")]
pub(crate) struct Wallet {
    pub(crate) page: Page,
    /// Where the form goes.
    pub(crate) action: String,
    pub(crate) wallet: Choice,
    /// Phone number or email address.
    pub(crate) owner: Field,
}

/// Is this right?
#[derive(Template)]
#[template(path = "check.html")]
pub(crate) struct Check {
    pub(crate) page: Page,
    pub(crate) lead: String,
    pub(crate) facts: Facts,
    /// Where the form goes.
    pub(crate) action: String,
    /// Of what is confirmed.
    pub(crate) reference: String,
    /// Text of the button.
    pub(crate) button: String,
    /// Where to go instead, and the text of that link.
    pub(crate) edit: String,
    pub(crate) edit_text: String,
    /// Address and text of the link to sign in once more before it is confirmed.
    pub(crate) again: Option<(String, String)>,
}

/// It is done.
#[derive(Template)]
#[template(path = "receipt.html")]
pub(crate) struct Receipt {
    pub(crate) page: Page,
    pub(crate) facts: Facts,
    pub(crate) lead: String,
    pub(crate) reference: String,
}

/// One change of the account.
pub(crate) struct HistoryRow {
    pub(crate) what: String,
    pub(crate) when: String,
    /// Which account; may be empty.
    pub(crate) account: String,
    pub(crate) who: String,
}

/// All changes of the account.
#[derive(Template)]
#[template(path = "history.html")]
pub(crate) struct History {
    pub(crate) page: Page,
    pub(crate) lines: Vec<HistoryRow>,
    /// That there are older ones; may be empty.
    pub(crate) older: String,
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
