//! Parties as Mojaloop names them (a type, an identifier, for some types a sub-id), and the ids that they have here.

use std::collections::BTreeMap;

/// Longest identifier, as the standard has it.
const MAX_IDENTIFIER: usize = 128;

/// The ids of parties, by their type: templates such as `msisdn:{id}`.
#[derive(Debug, Clone, Copy)]
pub struct PartyTypes<'a>(pub &'a BTreeMap<String, String>);

/// Why a party has no id here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyFault {
    /// Parties of this type are not kept here.
    UnknownType,
    /// The identifier or the sub-id is not one: which, and why.
    Malformed(&'static str),
}

impl PartyTypes<'_> {
    /// Checks the templates.
    ///
    /// # Errors
    /// Which type is wrong, and how.
    pub fn validate(&self) -> Result<(), String> {
        for (kind, template) in self.0 {
            let any_sub = kind.ends_with("/*");
            let count = |part: &str| template.matches(part).count();
            let rest = template.replacen("{id}", "", 1).replacen("{sub}", "", 1);
            if count("{id}") != 1 || rest.contains(['{', '}']) || template.chars().any(char::is_control) {
                return Err(format!(
                    "{kind}: the template must have {{id}} once, for example \"msisdn:{{id}}\""
                ));
            }
            if (count("{sub}") == 1) != any_sub {
                return Err(format!(
                    "{kind}: a template of a type TYPE/* has {{sub}} once, and no other has it"
                ));
            }
        }
        Ok(())
    }

    /// The id of a party. A type with a sub-id is looked for as `TYPE/SUB`, then as `TYPE/*`.
    ///
    /// # Errors
    /// [`PartyFault`].
    pub fn id_of(&self, kind: &str, identifier: &str, sub: Option<&str>) -> Result<String, PartyFault> {
        let template = |key: &str| {
            self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, template)| template)
        };
        let found = match sub {
            None => template(kind),
            Some("*") => None,
            Some(sub) => template(&format!("{kind}/{sub}")).or_else(|| template(&format!("{kind}/*"))),
        };
        let found = found.filter(|_| !kind.contains(['/', '*'])).ok_or(PartyFault::UnknownType)?;
        // Else two pairs of identifier and sub-id could share an id.
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if sub.is_some_and(|sub| sub.is_empty() || sub.len() > MAX_IDENTIFIER || !sub.chars().all(plain)) {
            return Err(PartyFault::Malformed("the sub-id has letters, digits, _ and - only"));
        }
        let identifier = if kind.eq_ignore_ascii_case("MSISDN") { msisdn(identifier)? } else { identifier };
        if identifier.is_empty() || identifier.chars().count() > MAX_IDENTIFIER {
            return Err(PartyFault::Malformed("the identifier must have 1 to 128 characters"));
        }
        if identifier.chars().any(char::is_control) {
            return Err(PartyFault::Malformed("the identifier has control characters"));
        }
        // The sub-id first: an identifier may hold anything, also the text {sub}.
        Ok(found.replacen("{sub}", sub.unwrap_or_default(), 1).replacen("{id}", identifier, 1))
    }
}

/// A phone number in the form of E.164. The plus sign in front may be left out, so it is no part of the id.
fn msisdn(text: &str) -> Result<&str, PartyFault> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !(1..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(PartyFault::Malformed("an MSISDN has up to 15 digits, with or without + in front"));
    }
    Ok(digits)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{PartyFault, PartyTypes};

    fn types(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn usual() -> BTreeMap<String, String> {
        types(&[
            ("MSISDN", "msisdn:{id}"),
            ("PERSONAL_ID/PASSPORT", "passport:{id}@gov"),
            ("ALIAS/*", "alias:{sub}:{id}"),
        ])
    }

    #[test]
    fn parties_have_ids_where_their_type_is_kept() {
        let types = usual();
        let id = |kind, id, sub| PartyTypes(&types).id_of(kind, id, sub);
        for number in ["254712345678", "+254712345678"] {
            assert_eq!(id("MSISDN", number, None), Ok("msisdn:254712345678".to_owned()));
        }
        assert_eq!(id("msisdn", "1", None), Ok("msisdn:1".to_owned()));
        assert_eq!(id("PERSONAL_ID", "A1", Some("PASSPORT")), Ok("passport:A1@gov".to_owned()));
        assert_eq!(id("ALIAS", "{sub}", Some("shop-1")), Ok("alias:shop-1:{sub}".to_owned()));
        for (kind, sub) in [
            ("EMAIL", None),
            ("MSISDN", Some("SAVINGS")),
            ("PERSONAL_ID", None),
            ("PERSONAL_ID", Some("DRIVING_LICENSE")),
            ("ALIAS", Some("*")),
            ("PERSONAL_ID/PASSPORT", None),
            ("ALIAS/*", None),
        ] {
            assert_eq!(id(kind, "1", sub), Err(PartyFault::UnknownType), "{kind} {sub:?}");
        }
        for (kind, text, sub) in [
            ("MSISDN", "++1", None),
            ("MSISDN", "", None),
            ("MSISDN", "1234567890123456", None),
            ("MSISDN", "12 34", None),
            ("ALIAS", "a", Some("b:c")),
            ("ALIAS", "a", Some("")),
            ("ALIAS", "", Some("b")),
            ("ALIAS", "a\n", Some("b")),
        ] {
            assert!(matches!(id(kind, text, sub), Err(PartyFault::Malformed(_))), "{kind} {text} {sub:?}");
        }
    }

    #[test]
    fn templates_that_would_mix_people_up_are_refused() {
        assert_eq!(PartyTypes(&usual()).validate(), Ok(()));
        for (kind, template) in [
            ("MSISDN", "msisdn"),
            ("MSISDN", "{id}{id}"),
            ("MSISDN", "{sub}:{id}"),
            ("MSISDN", "{id}{x}"),
            ("ALIAS/*", "alias:{id}"),
            ("ALIAS/SHOP", "{sub}:{id}"),
            ("MSISDN", "a\n{id}"),
        ] {
            assert!(PartyTypes(&types(&[(kind, template)])).validate().is_err(), "{kind} {template}");
        }
    }

    proptest! {
        #[test]
        fn two_parties_of_a_type_never_share_an_id(
            a in "[a-z:{}@/sub]{1,8}", b in "[a-z:{}@/sub]{1,8}", x in "[a-z_-]{1,3}", y in "[a-z_-]{1,3}",
        ) {
            let types = usual();
            let id = |id: &str, sub: &str| PartyTypes(&types).id_of("ALIAS", id, Some(sub));
            let (first, second) = (id(&a, &x).unwrap(), id(&b, &y).unwrap());
            prop_assert_eq!(first == second, (a, x) == (b, y));
        }
    }
}
