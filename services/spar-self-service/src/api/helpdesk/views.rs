//! What the templates in `pages/helpdesk/` show.

use askama::Template;
use pages::{Choice, Field, Page};

use crate::api::views::Facts;

/// Sign in.
#[derive(Template)]
#[template(path = "helpdesk/sign_in.html")]
pub(super) struct SignIn {
    pub(super) page: Page,
    /// Addresses and texts of the ways to sign in.
    pub(super) providers: Vec<(String, String)>,
}

/// Whose account?
#[derive(Template)]
#[template(path = "helpdesk/find.html")]
pub(super) struct Find {
    pub(super) page: Page,
    pub(super) id: Field,
}

/// One change of an account.
pub(super) struct EntryRow {
    pub(super) when: String,
    pub(super) what: String,
    pub(super) account: String,
    pub(super) who: String,
    pub(super) approved_by: String,
    pub(super) reason: String,
}

/// A person's account.
#[derive(Template)]
#[template(path = "helpdesk/person.html")]
pub(super) struct Person {
    pub(super) page: Page,
    /// What was done just now, or what is wrong; may be empty.
    pub(super) note: String,
    pub(super) facts: Facts,
    pub(super) frozen: bool,
    pub(super) may_reveal: bool,
    pub(super) may_freeze: bool,
    pub(super) may_change: bool,
    pub(super) reason: Field,
    /// Whom the forms are about.
    pub(super) reference: String,
    pub(super) entries: Vec<EntryRow>,
}

/// Another account for a person.
#[derive(Template)]
#[template(path = "helpdesk/change.html")]
pub(super) struct Change {
    pub(super) page: Page,
    pub(super) to: Choice,
    pub(super) branch: Field,
    pub(super) number: Field,
    pub(super) reason: Field,
    /// Whom the form is about.
    pub(super) reference: String,
    /// The end of her id.
    pub(super) person: String,
}

/// A change that waits.
pub(super) struct WaitingRow {
    pub(super) id: String,
    pub(super) person: String,
    pub(super) what: String,
    pub(super) account: String,
    pub(super) reason: String,
    pub(super) who: String,
    pub(super) when: String,
    /// Whether the reader asked for it.
    pub(super) own: bool,
}

/// Changes that wait.
#[derive(Template)]
#[template(path = "helpdesk/waiting.html")]
pub(super) struct Waiting {
    pub(super) page: Page,
    pub(super) note: String,
    pub(super) rows: Vec<WaitingRow>,
    pub(super) may_approve: bool,
    /// Address of the next page; may be empty.
    pub(super) next: String,
}
