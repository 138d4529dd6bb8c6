//! What the templates in `pages/` show.

use askama::Template;
use pages::Page;

use super::diagram::Diagram;

/// Sign in.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(super) struct SignIn {
    pub page: Page,
    /// Addresses and texts of the ways to sign in.
    pub providers: Vec<(String, String)>,
}

/// Something to read, and where to go on.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message {
    pub page: Page,
    pub text: String,
    pub link: String,
    pub link_text: String,
}

/// A value that a filter can have.
pub(super) struct Filter {
    pub value: String,
    pub text: String,
    pub chosen: bool,
}

/// How something stands: a text, and `good`, `wait`, `bad` or `off` for its sign and colour.
#[derive(Clone)]
pub(super) struct Mark {
    pub kind: &'static str,
    pub text: String,
}

/// An envelope in the list.
pub(super) struct ListRow {
    pub href: String,
    pub id: String,
    pub program: String,
    pub day: String,
    pub state: String,
    pub paid: String,
    pub amount: String,
    /// What is in its way; empty when nothing is.
    pub problem: Option<Mark>,
}

/// The envelopes.
#[derive(Template)]
#[template(path = "list.html")]
pub(super) struct List {
    pub page: Page,
    pub states: Vec<Filter>,
    pub shows: Vec<Filter>,
    pub program: String,
    pub rows: Vec<ListRow>,
    /// Address of the next page; may be empty.
    pub next: String,
}

/// Money in one state.
pub(super) struct MoneyRow {
    pub what: String,
    pub count: String,
    pub amount: String,
}

/// Something that is wrong, what it means, and who acts.
pub(super) struct ProblemRow {
    pub mark: Mark,
    pub what: String,
    pub who: String,
}

/// A payment that did not reach its payee, or of which nobody knows.
pub(super) struct PaymentRow {
    pub id: String,
    pub payee: String,
    pub amount: String,
    pub state: Mark,
    pub reason: String,
}

/// A line of a statement that a person must look at.
pub(super) struct LineRow {
    pub payment: String,
    pub mark: String,
    pub amount: String,
    pub what: String,
}

/// Something that happened.
pub(super) struct HistoryRow {
    pub when: String,
    pub who: String,
    pub what: String,
    pub reason: String,
}

/// One envelope.
#[derive(Template)]
#[template(path = "envelope.html")]
pub(super) struct Envelope {
    pub page: Page,
    pub id: String,
    pub facts: Vec<(String, String)>,
    pub diagram: Diagram,
    pub money: Vec<MoneyRow>,
    pub problems: Vec<ProblemRow>,
    pub payments: Vec<PaymentRow>,
    /// Address of the next such payments; may be empty.
    pub more_payments: String,
    pub lines: Vec<LineRow>,
    pub history: Vec<HistoryRow>,
}
