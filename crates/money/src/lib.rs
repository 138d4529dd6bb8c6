//! Exact money. An [`Amount`] is a whole number of minor units (cents, fils, yen) and a [`Currency`]; nothing here is a
//! float, nothing rounds unless asked to, and whatever does not fit is an error that names the problem.
//!
//! * [`Amount`]: arithmetic, comparison, decimal text, [`Amount::allocate`], [`Amount::mul_ratio`];
//! * [`Currency`]: the active ISO 4217 codes with their decimal places;
//! * [`DecimalText`]: the exact text of a JSON number or string, for messages whose currency stands elsewhere.

mod allocate;
mod amount;
mod currency;
mod decimal;
mod decimal_text;
mod error;
mod rounding;
mod schema;

pub use amount::{Amount, AmountWithCode};
pub use currency::Currency;
pub use decimal_text::{DecimalText, as_string};
pub use error::MoneyError;
pub use rounding::Rounding;
