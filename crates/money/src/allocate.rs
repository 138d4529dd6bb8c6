//! Sharing an amount out without losing or inventing a cent.

use crate::amount::Amount;
use crate::error::MoneyError;

impl Amount {
    /// Shares the amount out in proportion to the weights. The parts sum to exactly the whole; no part differs from its
    /// exact share by a minor unit or more. The units left over go to the largest remainders, and of equal ones to the
    /// first, so that the result depends on the input only. A weight of zero gets nothing.
    ///
    /// # Errors
    /// [`MoneyError::NoWeights`] when no weight is above zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let total: u128 = weights.iter().map(|w| u128::from(*w)).sum();
        if total == 0 {
            return Err(MoneyError::NoWeights);
        }
        let whole = u128::from(self.minor().unsigned_abs());
        // Both factors are below 2^64: the product fits.
        let exact = weights.iter().map(|w| whole * u128::from(*w));
        let mut shares: Vec<(u128, u128)> = exact.map(|product| (product / total, product % total)).collect();

        let given: u128 = shares.iter().map(|(share, _)| share).sum();
        let left_over = usize::try_from(whole - given).map_err(|_| MoneyError::Overflow)?;
        let mut by_remainder: Vec<usize> = (0..shares.len()).collect();
        by_remainder.sort_by_key(|i| std::cmp::Reverse(shares.get(*i).map(|(_, remainder)| *remainder)));
        for index in by_remainder.into_iter().take(left_over) {
            if let Some((share, _)) = shares.get_mut(index) {
                *share += 1;
            }
        }
        shares.into_iter().map(|(share, _)| self.part(share)).collect()
    }

    /// Shares the amount out in `parts` equal parts, the first ones a minor unit larger where it does not divide.
    ///
    /// # Errors
    /// [`MoneyError::NoWeights`] for no parts.
    pub fn split(self, parts: usize) -> Result<Vec<Self>, MoneyError> {
        self.allocate(&vec![1; parts])
    }

    fn part(self, magnitude: u128) -> Result<Self, MoneyError> {
        let magnitude = i128::try_from(magnitude).map_err(|_| MoneyError::Overflow)?;
        let signed = if self.is_negative() { -magnitude } else { magnitude };
        let minor = i64::try_from(signed).map_err(|_| MoneyError::Overflow)?;
        Ok(Self::from_minor(minor, self.currency()))
    }
}
