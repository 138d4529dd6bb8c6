//! Which attributes of records exist for partners, and which of them one partner sees in one answer.

use std::collections::BTreeSet;

use super::mapping::is_attribute_name;

/// What a search is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// Households, with their members inside.
    Group,
    /// People.
    Member,
}

impl Collection {
    /// The `@type` of its records.
    #[must_use]
    pub const fn record_type(self) -> &'static str {
        match self {
            Self::Group => "Group",
            Self::Member => "Member",
        }
    }

    /// The collection of a name, in the spellings of the dialects: `Group`, `spdci:Group`, `Household`, `Member`,
    /// `Person`, `Individual`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let last = name.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
        match last.as_str() {
            "group" | "household" => Some(Self::Group),
            "member" | "person" | "individual" => Some(Self::Member),
            _ => None,
        }
    }
}

/// Attributes of a household.
pub const GROUP_ATTRIBUTES: &[&str] = &[
    "name",
    "group_kind",
    "registration_date",
    "address",
    "village",
    "district",
    "region",
    "country",
    "latitude",
    "longitude",
    "group_size",
];

/// Attributes of a person, and of the members of a household with `members.` before them.
pub const MEMBER_ATTRIBUTES: &[&str] = &[
    "name",
    "given_name",
    "family_name",
    "additional_name",
    "gender",
    "birth_date",
    "birth_place",
    "email",
    "registration_date",
    "kind",
    "relationship_to_head",
    "identifiers",
    "phone_numbers",
    "social_id",
];

/// What one answer shows: what the partner asked for and its policy allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visible {
    names: BTreeSet<String>,
    everything: bool,
}

impl Visible {
    /// `policy`: what the partner may see; `*` is everything. `asked`: what this search asks for; without it, all that
    /// the policy allows. The pseudonym is always shown.
    #[must_use]
    pub fn new(policy: &BTreeSet<String>, asked: Option<&[String]>) -> Self {
        let allowed = Self { names: policy.clone(), everything: policy.contains("*") };
        match asked {
            None => allowed,
            Some(asked) => Self {
                names: asked.iter().filter(|name| allowed.shows(name)).cloned().collect(),
                everything: false,
            },
        }
    }

    /// Whether the attribute is shown; `members.x` names one of the members.
    #[must_use]
    pub fn shows(&self, name: &str) -> bool {
        self.everything || self.names.contains(name)
    }

    /// Whether an attribute of a member is shown.
    #[must_use]
    pub fn shows_member(&self, name: &str) -> bool {
        self.shows(&format!("members.{name}"))
    }

    /// Whether members are listed at all.
    #[must_use]
    pub fn has_members(&self) -> bool {
        self.everything || self.names.iter().any(|name| name == "members" || name.starts_with("members."))
    }

    /// Whether nothing may be seen, not even that a record exists.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.everything && self.names.is_empty()
    }

    /// Names of the form `attributes.x` that are shown; `None` when all are.
    #[must_use]
    pub fn extra(&self, prefix: &str) -> Option<Vec<&str>> {
        let names =
            self.names.iter().filter_map(|name| name.strip_prefix(prefix)?.strip_prefix("attributes."));
        (!self.everything).then(|| names.filter(|name| is_attribute_name(name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn an_answer_shows_what_is_asked_and_allowed() {
        let policy = set(&["poverty_score", "members.birth_date", "attributes.roof"]);
        let asked = ["poverty_score".to_owned(), "name".to_owned(), "members.name".to_owned()];
        let visible = Visible::new(&policy, Some(&asked));
        assert!(visible.shows("poverty_score"));
        assert!(!visible.shows("name") && !visible.has_members() && !visible.shows_member("birth_date"));
        let all = Visible::new(&policy, None);
        assert!(all.shows_member("birth_date") && all.has_members());
        assert_eq!(all.extra(""), Some(vec!["roof"]));
    }

    #[test]
    fn an_empty_policy_shows_nothing_and_a_star_everything() {
        assert!(Visible::new(&set(&[]), None).is_empty());
        assert!(Visible::new(&set(&["name"]), Some(&["gender".to_owned()])).is_empty());
        let star = Visible::new(&set(&["*"]), None);
        assert!(star.shows("anything") && star.extra("").is_none());
        let some = Visible::new(&set(&["*"]), Some(&["name".to_owned()]));
        assert!(some.shows("name") && !some.shows("gender"));
    }

    #[test]
    fn collections_have_many_names() {
        for name in ["Group", "spdci:Group", "ns:org:Household"] {
            assert_eq!(Collection::parse(name), Some(Collection::Group), "{name}");
        }
        assert_eq!(Collection::parse("Person"), Some(Collection::Member));
        assert_eq!(Collection::parse("planet"), None);
    }
}
