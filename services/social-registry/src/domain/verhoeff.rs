//! The Verhoeff check digit: finds every single wrong digit and every swap of two neighbours.

/// Multiplication in the dihedral group of order ten.
const PRODUCT: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

/// How a digit is permuted at each position, counted from the right.
const PERMUTATION: [[u8; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

const INVERSE: [u8; 10] = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9];

fn cell<const ROWS: usize>(table: &[[u8; 10]; ROWS], row: usize, column: u8) -> u8 {
    table.get(row % ROWS).and_then(|r| r.get(usize::from(column % 10))).copied().unwrap_or_default()
}

/// The checksum of digits (0 to 9 each), the first of them standing at `position` from the right.
fn checksum(digits: impl DoubleEndedIterator<Item = u8>, position: usize) -> u8 {
    digits.rev().enumerate().fold(0, |sum, (at, digit)| {
        cell(&PRODUCT, usize::from(sum), cell(&PERMUTATION, at + position, digit))
    })
}

/// The digit to append to `digits` (0 to 9 each).
#[must_use]
pub fn check_digit(digits: &[u8]) -> u8 {
    INVERSE.get(usize::from(checksum(digits.iter().copied(), 1))).copied().unwrap_or_default()
}

/// Whether the last digit is the check digit of those before it. Anything that is not all ASCII digits is not valid.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    text.len() > 1
        && text.bytes().all(|b| b.is_ascii_digit())
        && checksum(text.bytes().map(|b| b - b'0'), 0) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use proptest::prelude::*;

    use super::{check_digit, is_valid};

    #[test]
    fn the_known_examples_hold() {
        assert_eq!(check_digit(&[2, 3, 6]), 3);
        assert_eq!(check_digit(&[1, 2, 3, 4, 5]), 1);
        for id in ["2363", "9174306980", "8651967907", "6962194971"] {
            assert!(is_valid(id), "{id}");
        }
        for id in ["5738201964", "2364", "", "3", "23a3", "２３６３"] {
            assert!(!is_valid(id), "{id}");
        }
    }

    fn with_digit(mut digits: Vec<u8>) -> Vec<u8> {
        digits.push(check_digit(&digits));
        digits
    }

    fn text(digits: &[u8]) -> String {
        digits.iter().map(|d| char::from(b'0' + d)).collect()
    }

    proptest! {
        #[test]
        fn the_appended_digit_makes_it_valid(digits in prop::collection::vec(0u8..10, 1..31)) {
            prop_assert!(is_valid(&text(&with_digit(digits))));
        }

        #[test]
        fn one_wrong_digit_is_found(digits in prop::collection::vec(0u8..10, 1..31), at in 0usize..31, by in 1u8..10) {
            let mut digits = with_digit(digits);
            let at = at % digits.len();
            digits[at] = (digits[at] + by) % 10;
            prop_assert!(!is_valid(&text(&digits)));
        }

        #[test]
        fn two_swapped_neighbours_are_found(digits in prop::collection::vec(0u8..10, 1..31), at in 0usize..31) {
            let mut digits = with_digit(digits);
            let at = at % (digits.len() - 1);
            prop_assume!(digits[at] != digits[at + 1]);
            digits.swap(at, at + 1);
            prop_assert!(!is_valid(&text(&digits)));
        }

        #[test]
        fn any_text_gets_an_answer(text in ".*") {
            let _ = is_valid(&text);
        }
    }
}
