//! Names to tokens: titles dropped, connecting words dropped, abbreviations written out, prefixes joined.

use std::collections::{HashMap, HashSet};

use super::text::{MAX_WORD_BYTES, fold, words};
use crate::model::NameRules;

/// Words of one name field that are kept.
pub(crate) const MAX_NAME_WORDS: usize = 8;

/// Name rules of a model, ready for look-up.
#[derive(Clone, Default)]
pub(crate) struct NameReader {
    titles: HashSet<String>,
    connectors: HashSet<String>,
    aliases: HashMap<String, String>,
    joined: HashSet<String>,
}

impl NameReader {
    pub(crate) fn new(rules: &NameRules) -> Self {
        let set = |list: &[String]| list.iter().map(|w| fold(w).replace(' ', "")).collect();
        Self {
            titles: set(&rules.titles),
            connectors: set(&rules.connectors),
            aliases: rules.aliases.iter().map(|(k, v)| (fold(k), fold(v))).collect(),
            joined: set(&rules.joined),
        }
    }

    /// The tokens of one name field in the order written; at most [`MAX_NAME_WORDS`], never only titles dropped to nothing.
    pub(crate) fn tokens(&self, raw: &str) -> Vec<String> {
        let folded = fold(raw);
        let mut out: Vec<String> = Vec::new();
        let mut prefix: Option<&str> = None;
        let all: Vec<&str> = words(&folded).take(12).collect();
        for (i, word) in all.iter().enumerate() {
            let more_follow = i + 1 < all.len();
            if self.titles.contains(*word) && (more_follow || !out.is_empty()) {
                continue;
            }
            // "Abd al Rahman", "Abdul Rahman": the article goes, the servant's prefix joins what follows.
            if self.connectors.contains(*word) && (more_follow || !out.is_empty()) {
                continue;
            }
            if self.joined.contains(*word) && more_follow {
                prefix = Some("abd");
                continue;
            }
            let plain = self.aliases.get(*word).map_or(*word, String::as_str);
            let mut token = format!("{}{plain}", prefix.take().unwrap_or(""));
            token.truncate(MAX_WORD_BYTES);
            out.push(token);
            if out.len() == MAX_NAME_WORDS {
                break;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    #[test]
    fn titles_particles_and_prefixes() {
        let model = Model::default_person();
        let reader = NameReader::new(&model.names);
        let tokens = |raw: &str| reader.tokens(raw).join(" ");
        assert_eq!(tokens("Dr. Hajj Md. Al-Hassan"), "mohamed hassan");
        assert_eq!(tokens("Abdul Rahman bin Yusuf"), "abdrahman yusuf");
        assert_eq!(tokens("عبد الرحمن"), "abdrhmn");
        assert_eq!(tokens("الحسن"), "hsn");
        assert_eq!(tokens("Abd el-Kader"), "abdkader");
        assert_eq!(tokens("W/ro Almaz"), "almaz");
        assert_eq!(tokens("Sheikh"), "sheikh");
        assert_eq!(tokens("Juan de la Cruz Jr."), "juan cruz");
        assert_eq!(tokens(""), "");
    }
}
