//! How alike two folded words are: edit distance and Jaro-Winkler on short ASCII words.

/// Longest word compared letter by letter, in bytes.
const LONGEST: usize = 24;

/// Restricted Damerau-Levenshtein distance (insert, delete, replace, swap neighbours), but no more than `limit`
/// + 1: the count stops where it is known to be above the limit.
pub(crate) fn edits(a: &[u8], b: &[u8], limit: usize) -> usize {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if long.len() - short.len() > limit || long.len() > 2 * LONGEST {
        return limit + 1;
    }
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (short, long) = (short.get(same..).unwrap_or_default(), long.get(same..).unwrap_or_default());
    let same = short.iter().rev().zip(long.iter().rev()).take_while(|(x, y)| x == y).count();
    let short = short.get(..short.len() - same).unwrap_or_default();
    let long = long.get(..long.len() - same).unwrap_or_default();
    match (short, long) {
        ([], rest) => rest.len(),
        ([x], [y]) if x != y => 1,
        ([x, y], [z, w]) if x == w && y == z => 1,
        _ if limit == 1 => 2,
        _ => table(short, long).min(limit + 1),
    }
}

/// The full dynamic programme over three rows.
fn table(short: &[u8], long: &[u8]) -> usize {
    let mut before = [0_usize; 2 * LONGEST + 1];
    let mut last = [0_usize; 2 * LONGEST + 1];
    let mut row = [0_usize; 2 * LONGEST + 1];
    for (i, cell) in last.iter_mut().enumerate() {
        *cell = i;
    }
    let at = |row: &[usize], i: usize| row.get(i).copied().unwrap_or(usize::MAX / 2);
    for (i, &x) in short.iter().enumerate() {
        let mut left = i + 1;
        if let Some(cell) = row.first_mut() {
            *cell = left;
        }
        for (j, &y) in long.iter().enumerate() {
            let mut cost = (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(left + 1);
            let swapped = i > 0 && j > 0 && short.get(i - 1) == Some(&y) && long.get(j - 1) == Some(&x);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            if let Some(cell) = row.get_mut(j + 1) {
                *cell = cost;
            }
            left = cost;
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    at(&last, long.len())
}

/// Jaro-Winkler similarity of two words of at most 24 bytes, 0 to 1. Longer words are compared by their start.
pub(crate) fn jaro_winkler(a: &[u8], b: &[u8]) -> f64 {
    let a = a.get(..LONGEST).unwrap_or(a);
    let b = b.get(..LONGEST).unwrap_or(b);
    if a.is_empty() || b.is_empty() {
        return if a.len() == b.len() { 1.0 } else { 0.0 };
    }
    let reach = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (mut taken_a, mut taken_b) = (0_u32, 0_u32);
    let mut common = 0_u32;
    for (i, x) in a.iter().enumerate() {
        let from = i.saturating_sub(reach);
        let found = b
            .iter()
            .enumerate()
            .take(i + reach + 1)
            .skip(from)
            .find(|(j, y)| *y == x && taken_b & (1 << j) == 0);
        if let Some((j, _)) = found {
            taken_a |= 1 << i;
            taken_b |= 1 << j;
            common += 1;
        }
    }
    if common == 0 {
        return 0.0;
    }
    let in_a = a.iter().enumerate().filter(|(i, _)| taken_a & (1 << i) != 0).map(|(_, x)| x);
    let in_b = b.iter().enumerate().filter(|(j, _)| taken_b & (1 << j) != 0).map(|(_, y)| y);
    let crossed = in_a.zip(in_b).filter(|(x, y)| x != y).count();
    let m = f64::from(common);
    let (la, lb) = (a.len() as f64, b.len() as f64);
    let jaro = (m / la + m / lb + (m - (crossed / 2) as f64) / m) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(x, y)| x == y).count() as f64;
    // As in the usual implementations: the shared start only counts for words that are alike anyway.
    if jaro > 0.7 { jaro + prefix * 0.1 * (1.0 - jaro) } else { jaro }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_reference_implementations(a in "[abc]{0,12}", b in "[abc]{0,12}") {
            let distance = strsim::osa_distance(&a, &b);
            prop_assert_eq!(edits(a.as_bytes(), b.as_bytes(), 12), distance);
            prop_assert_eq!(edits(a.as_bytes(), b.as_bytes(), 1), distance.min(2));
            let expected = strsim::jaro_winkler(&a, &b);
            prop_assert!((jaro_winkler(a.as_bytes(), b.as_bytes()) - expected).abs() < 1e-9);
        }
    }
}
