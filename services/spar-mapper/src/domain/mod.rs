//! Rules of the mapper, without I/O: items and findings in no dialect, the texts clients match on, strategies, and what
//! the directory of banks and wallets says of an address.

pub mod bulk;
mod directory;
mod entry;
mod iban;
mod item;
mod layout;
mod name;
mod party;
mod pending;
mod signers;
mod strategy;
mod transaction;
mod vault;

pub use directory::{
    AccountRule, BankFacts, Codes, Coverage, DirectoryFacts, EntryKind, MAX_PATTERN, Pattern, WalletType,
    codes,
};
pub use entry::{EntryFault, Given, read_entries};
pub use iban::{IbanFault, check_iban};
pub use item::{
    Finding, Item, MAX_MESSAGE_ID, MAX_VALUE, Mark, Operation, Question, Refusal, Scope, admit, misnamed,
    refuse_repeated, text,
};
pub use layout::{Layout, MAX_PARTITIONS, Partitions};
pub use name::{has_name, same_name};
pub use party::{PartyFault, PartyTypes};
pub use pending::{PendingState, PendingStep};
pub use signers::{Signed, Signers, public_key};
pub use strategy::{ESCAPED, Fields, Strategy, StrategyError};
pub use transaction::{TransactionState, TransactionStep};
pub use vault::{Kept, SEALED, Vault};
