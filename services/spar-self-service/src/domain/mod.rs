//! Rules without I/O: what an account is, what a person may enter, what the state of a payment means.

mod account;
mod entry;
mod payment;
mod reference;
mod subject;

pub use account::{BankAccount, EmailWallet, FinancialAddress, MobileWallet, ending};
pub use entry::{Wrong, account_number, email_address, is_plain, phone_number};
pub use payment::{Advice, Progress};
pub use reference::Reference;
pub use subject::{Subject, id_ending};
