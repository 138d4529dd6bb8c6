//! Rounding, only ever on request.

/// What happens to the part of a result that is smaller than a minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest; a half goes away from zero: 0.5 -> 1, -0.5 -> -1.
    HalfUp,
    /// To the nearest; a half goes to the even neighbour: 0.5 -> 0, 1.5 -> 2.
    HalfEven,
    /// Towards zero.
    Down,
}

impl Rounding {
    /// `numerator / denominator` rounded. `None` for a zero denominator or out of range.
    pub(crate) fn divide(self, numerator: i128, denominator: i128) -> Option<i128> {
        let quotient = numerator.checked_div(denominator)?;
        let remainder = numerator.checked_rem(denominator)?.unsigned_abs();
        // Compare the remainder with what is missing to the next whole, which cannot overflow as doubling could.
        let missing = denominator.unsigned_abs().checked_sub(remainder)?;
        let away = match self {
            Self::Down => false,
            Self::HalfUp => remainder >= missing,
            Self::HalfEven => remainder > missing || (remainder == missing && quotient % 2 != 0),
        };
        let sign = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
        if away { quotient.checked_add(sign) } else { Some(quotient) }
    }
}
