//! Reading decimal text without floats.

use crate::currency::Currency;
use crate::error::{MoneyError, shown};
use crate::rounding::Rounding;

/// Longest number text that is read; no sum of money needs more.
const MAX_LENGTH: usize = 400;

/// Which spellings are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    /// `-?digits(.digits)?([eE][+-]?digits)?`, leading zeros allowed.
    Text,
    /// JSON's numbers: the same without leading zeros.
    Json,
}

/// A decimal number: `digits` (significant, no zeros at either end; empty for zero) times ten to `exponent`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    pub(crate) fn parse(text: &str, grammar: Grammar) -> Result<Self, MoneyError> {
        if text.is_empty() {
            return Err(MoneyError::Empty);
        }
        let not_a_number = || not_a_number(text);
        if text.len() > MAX_LENGTH {
            return Err(not_a_number());
        }
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, parse_power(power).ok_or_else(not_a_number)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
        let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        let zero_padded = whole.len() > 1 && whole.starts_with('0');
        if !all_digits(whole)
            || fraction.is_some_and(|f| !all_digits(f))
            || (grammar == Grammar::Json && zero_padded)
        {
            return Err(not_a_number());
        }
        let fraction = fraction.unwrap_or("");
        let all = [whole, fraction].concat();
        let trimmed = all.trim_end_matches('0');
        let digits = trimmed.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Ok(Self { negative: false, digits, exponent: 0 });
        }
        let length = |s: &str| i64::try_from(s.len()).unwrap_or(i64::MAX);
        let dropped = length(&all) - length(trimmed);
        Ok(Self {
            negative,
            digits,
            exponent: power.saturating_sub(length(fraction)).saturating_add(dropped),
        })
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// The number in minor units; too many decimals are an error, or rounded when a rounding is given.
    pub(crate) fn to_minor(
        &self,
        text: &str,
        currency: Currency,
        rounding: Option<Rounding>,
    ) -> Result<i64, MoneyError> {
        if self.is_zero() {
            return Ok(0);
        }
        let too_large = || MoneyError::TooLarge(shown(text));
        let shift = self.exponent.saturating_add(i64::from(currency.exponent()));
        let magnitude = if shift >= 0 {
            let zeros = usize::try_from(shift).map_err(|_| too_large())?;
            // 19 digits hold i64::MAX; longer ones need not be computed.
            if self.digits.len().saturating_add(zeros) > 19 {
                return Err(too_large());
            }
            format!("{}{}", self.digits, "0".repeat(zeros)).parse::<i128>().map_err(|_| too_large())?
        } else {
            let rounding = rounding.ok_or_else(|| MoneyError::TooManyDecimals {
                text: shown(text),
                currency,
                allowed: currency.exponent(),
            })?;
            self.rounded(shift.unsigned_abs(), rounding).ok_or_else(too_large)?
        };
        let signed = if self.negative { -magnitude } else { magnitude };
        i64::try_from(signed).map_err(|_| too_large())
    }

    /// The digits without the last `cut`, rounded by those.
    fn rounded(&self, cut: u64, rounding: Rounding) -> Option<i128> {
        let cut = usize::try_from(cut).unwrap_or(usize::MAX);
        let keep = self.digits.len().saturating_sub(cut);
        let (kept, rest) = self.digits.split_at(keep);
        if kept.len() > 19 {
            return None;
        }
        let kept: i128 = if kept.is_empty() { 0 } else { kept.parse().ok()? };
        // Only three things matter of the rest: below, at or above a half. With more places cut than there are digits,
        // it is below a tenth.
        let above_first = rest.len() > 1;
        let fraction = match rest.bytes().next() {
            Some(first) if cut == self.digits.len() - keep => {
                i128::from(first - b'0') * 2 + i128::from(above_first)
            }
            _ => 1,
        };
        // kept + fraction / 20, where fraction is twice the first digit plus one if anything follows it.
        rounding.divide(kept * 20 + fraction, 20)
    }
}

fn parse_power(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // A power that does not fit is beyond every range anyway; the caller's range check refuses it.
    let power: i64 = digits.parse().unwrap_or(i64::MAX / 4);
    Some(if negative { -power.min(i64::MAX / 4) } else { power.min(i64::MAX / 4) })
}

fn not_a_number(text: &str) -> MoneyError {
    let name = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    if matches!(name.as_str(), "nan" | "inf" | "infinity") {
        return MoneyError::NotFinite(shown(text));
    }
    MoneyError::NotANumber(shown(text))
}
