//! Use cases. Each owns its transaction.

pub(crate) mod accounts;
pub(crate) mod admission;
pub(crate) mod blocks;
pub(crate) mod booking;
pub(crate) mod delivery;
pub(crate) mod ledger;
pub(crate) mod statements;

use platform::Permission;

pub(crate) const READ: Permission = Permission::new("bank:read");
pub(crate) const WRITE: Permission = Permission::new("bank:write");
pub(crate) const CALL: Permission = Permission::new("bank:call");
pub(crate) const PAY: Permission = Permission::new("bank:pay");

/// An amount of minor units as decimal text of its currency.
pub(crate) fn decimal(minor: i64, currency: &str) -> String {
    match money::Currency::from_code(currency) {
        Ok(currency) => money::Amount::from_minor(minor, currency).to_decimal_string(),
        // Only active currencies are ever stored.
        Err(_) => minor.to_string(),
    }
}
