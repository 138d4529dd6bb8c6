//! From pairs to groups: one group per person.

use std::collections::HashMap;

use serde::Serialize;

use crate::judge::Pair;

/// Members of each of two groups that are compared before the groups are joined.
const LOOKED_AT: usize = 16;

/// Groups of records, and the links that were refused while forming them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Clusters {
    /// Groups of two or more record ids, each sorted, sorted by their first id.
    pub clusters: Vec<Vec<u64>>,
    /// Pairs above the threshold that would have joined groups which contradict each other: for a reviewer.
    pub refused: Vec<(u64, u64)>,
}

/// Connected components of the pairs at or above `threshold` (a probability): groups of two or more record ids,
/// each sorted, sorted by their first id. One wrong pair joins two people: prefer [`cluster_guarded`].
#[must_use]
pub fn cluster(pairs: &[Pair], threshold: f64) -> Vec<Vec<u64>> {
    cluster_guarded(pairs, threshold, usize::MAX, &|_, _| false).clusters
}

/// Connected components with a guard: links are taken from the surest down, and one is refused when it would make a
/// group of more than `largest` records, or join two groups of which a member of one contradicts a member of the
/// other (`conflict`). At most 16 members of each are looked at, so a group costs no more than its links.
#[must_use]
pub fn cluster_guarded(
    pairs: &[Pair],
    threshold: f64,
    largest: usize,
    conflict: &dyn Fn(u64, u64) -> bool,
) -> Clusters {
    let mut links: Vec<&Pair> = pairs.iter().filter(|p| p.probability >= threshold).collect();
    links.sort_by(|x, y| y.weight.total_cmp(&x.weight).then((x.left, x.right).cmp(&(y.left, y.right))));
    let mut groups = Groups::default();
    let mut refused = Vec::new();
    for link in links {
        let (a, b) = (groups.of(link.left), groups.of(link.right));
        if a == b {
            continue;
        }
        if groups.may_join(a, b, largest, conflict) {
            groups.join(a, b);
        } else {
            refused.push((link.left, link.right));
        }
    }
    let mut clusters: Vec<Vec<u64>> = groups.members.into_values().filter(|m| m.len() > 1).collect();
    clusters.iter_mut().for_each(|members| members.sort_unstable());
    clusters.sort_unstable();
    refused.sort_unstable();
    Clusters { clusters, refused }
}

/// Groups under construction: each record knows its group, each group its members.
#[derive(Default)]
struct Groups {
    group: HashMap<u64, u64>,
    members: HashMap<u64, Vec<u64>>,
}

impl Groups {
    fn of(&mut self, id: u64) -> u64 {
        let group = *self.group.entry(id).or_insert(id);
        if group == id {
            self.members.entry(id).or_insert_with(|| vec![id]);
        }
        group
    }

    fn may_join(&self, a: u64, b: u64, largest: usize, conflict: &dyn Fn(u64, u64) -> bool) -> bool {
        let (Some(x), Some(y)) = (self.members.get(&a), self.members.get(&b)) else { return false };
        if x.len().saturating_add(y.len()) > largest {
            return false;
        }
        // Two single records are a pair that was just found alike.
        if x.len() == 1 && y.len() == 1 {
            return true;
        }
        !x.iter().take(LOOKED_AT).any(|m| y.iter().take(LOOKED_AT).any(|n| conflict(*m, *n)))
    }

    /// The smaller group moves into the larger, so that each record moves at most log2(n) times.
    fn join(&mut self, a: u64, b: u64) {
        let size = |groups: &Self, g: u64| groups.members.get(&g).map_or(0, Vec::len);
        let (to, from) = if size(self, a) >= size(self, b) { (a, b) } else { (b, a) };
        let moved = self.members.remove(&from).unwrap_or_default();
        for id in &moved {
            self.group.insert(*id, to);
        }
        self.members.entry(to).or_default().extend(moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(left: u64, right: u64, probability: f64) -> Pair {
        let weight = (probability / (1.0 - probability)).log2();
        Pair { left, right, weight, probability, explanation: None }
    }

    #[test]
    fn components_in_order() {
        let pairs = [pair(5, 9, 0.99), pair(1, 3, 0.995), pair(3, 9, 0.2), pair(9, 12, 0.999)];
        assert_eq!(cluster(&pairs, 0.9), vec![vec![1, 3], vec![5, 9, 12]]);
        assert_eq!(cluster(&pairs, 0.1), vec![vec![1, 3, 5, 9, 12]]);
        assert!(cluster(&[], 0.5).is_empty());
    }

    #[test]
    fn a_chain_through_a_contradiction_is_cut_at_the_weaker_link() {
        let pairs = [pair(1, 2, 0.999), pair(2, 3, 0.99)];
        let conflict = |a: u64, b: u64| (a.min(b), a.max(b)) == (1, 3);
        let found = cluster_guarded(&pairs, 0.9, 50, &conflict);
        assert_eq!(found.clusters, vec![vec![1, 2]]);
        assert_eq!(found.refused, vec![(2, 3)]);
    }

    #[test]
    fn no_group_grows_past_the_limit() {
        let pairs: Vec<Pair> = (0..1000).map(|n| pair(n, n + 1, 0.99)).collect();
        let found = cluster_guarded(&pairs, 0.9, 10, &|_, _| false);
        assert!(found.clusters.iter().all(|c| c.len() <= 10));
        assert!(!found.refused.is_empty());
    }
}
