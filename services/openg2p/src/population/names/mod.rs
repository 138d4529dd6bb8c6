//! Names: seven naming cultures, each with its own order, inheritance and script.
//!
//! The lists hold common given names and mostly composed family names; how often a name occurs falls with its
//! rank as in real registers, so that a shared name alone proves nothing. Nobody in particular is meant.

mod arabic;
mod ethiopian;
mod filipino;
mod indian;
mod kenyan;
mod script;
mod slavic;
mod west_african;

use super::dice::Dice;
use script::Script;

/// Female or male, as the registers of the demo know it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) enum Gender {
    #[default]
    Female,
    Male,
}

impl Gender {
    /// The value in the files.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }
}

/// One name in Latin letters and in the script of its culture (the same where that is Latin).
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub latin: String,
    pub native: String,
}

impl Text {
    fn latin(text: &str) -> Self {
        Self { latin: text.to_owned(), native: text.to_owned() }
    }

    /// In the script asked for.
    pub(crate) fn written(&self, native: bool) -> &str {
        if native { &self.native } else { &self.latin }
    }
}

/// Names of one kind with how often each is taken.
pub(crate) struct Table {
    names: Vec<Text>,
    cumulative: Vec<u64>,
}

impl Table {
    /// `flat` is how many ranks share about the frequency of the first.
    fn new(names: Vec<Text>, flat: u64) -> Self {
        let mut sum = 0;
        let cumulative = (0..names.len() as u64)
            .map(|rank| {
                sum += 1_000_000_000 / (rank + flat);
                sum
            })
            .collect();
        Self { names, cumulative }
    }

    fn pick(&self, dice: &mut Dice) -> Text {
        let point = dice.below(self.cumulative.last().copied().unwrap_or(0));
        let at = self.cumulative.partition_point(|sum| *sum <= point);
        self.names.get(at).cloned().unwrap_or_default()
    }
}

/// Where the name between given and family name comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Second {
    /// A traditional name of the person's own.
    Own,
    /// The father's given name.
    Father,
    /// The mother's family name (for a wife: her family name before marriage).
    MotherFamily,
    /// Made from the father's given name, by gender.
    Patronymic,
}

/// What is written down about a culture; [`Culture`] is built from it.
struct Spec {
    language: &'static str,
    script: Script,
    /// Of 1,000 households, how many are registered in the culture's own script.
    native: u64,
    family_first: bool,
    wife_takes_family: bool,
    second: Second,
    /// Of 1,000 people, how many have the second name on record.
    second_share: u64,
    male: &'static [&'static str],
    female: &'static [&'static str],
    /// First and second half of compound given names, which are rarer than the single ones.
    male_compound: [&'static [&'static str]; 2],
    female_compound: [&'static [&'static str]; 2],
    /// Traditional second names ([`Second::Own`]).
    own_male: &'static [&'static str],
    own_female: &'static [&'static str],
    /// Whole family names, the commonest first.
    family: &'static [&'static str],
    /// Parts of composed family names: every combination is one.
    family_parts: &'static [&'static [&'static str]],
    /// Given name and its everyday form.
    nicknames: &'static [(&'static str, &'static str)],
}

/// Seven cultures; a place has shares of them.
pub(crate) const CULTURES: usize = 7;

/// A naming culture, ready to draw from.
pub(crate) struct Culture {
    /// ISO 639 code.
    pub language: &'static str,
    /// Of 1,000 households, how many are registered in the culture's own script.
    pub native: u64,
    wife_takes_family: bool,
    family_first: bool,
    second: Second,
    second_share: u64,
    male: Table,
    female: Table,
    own_male: Table,
    own_female: Table,
    family: Table,
    nicknames: Vec<(String, Text)>,
}

/// A person's names before they are written down.
#[derive(Clone, Default)]
pub(crate) struct FullName {
    pub given: Text,
    pub second: Text,
    /// In the form a man bears it.
    pub family: Text,
}

/// Names as one entry spells them.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Spelled {
    pub given: String,
    pub second: String,
    pub family: String,
}

/// The cultures in the order the places count them.
pub(crate) fn cultures() -> [Culture; CULTURES] {
    [
        Culture::build(&kenyan::SPEC),
        Culture::build(&ethiopian::SPEC),
        Culture::build(&arabic::SPEC),
        Culture::build(&indian::SPEC),
        Culture::build(&filipino::SPEC),
        Culture::build(&west_african::SPEC),
        Culture::build(&slavic::SPEC),
    ]
}

/// Every combination of one part from each list, in an order that mixes the parts: common names should not all
/// begin or end alike.
fn combine(script: Script, parts: &[&[&str]]) -> Vec<Text> {
    /// A prime that divides the length of no list.
    const STRIDE: usize = 7919;
    let Some((first, rest)) = parts.split_first() else { return Vec::new() };
    let mut all: Vec<Text> = first.iter().map(|part| script.pair(part)).collect();
    for list in rest {
        let ends: Vec<Text> = list.iter().map(|part| script.pair(part)).collect();
        let longer = ends.iter().flat_map(|end| {
            all.iter().map(move |start| Text {
                latin: format!("{}{}", start.latin, end.latin),
                native: format!("{}{}", start.native, end.native),
            })
        });
        all = longer.collect();
    }
    let count = all.len();
    let mixed = (0..count).map(|at| if rest.is_empty() { at } else { at * STRIDE % count });
    mixed.filter_map(|at| all.get(at).cloned()).map(|text| script.complete(text)).collect()
}

impl Culture {
    fn build(spec: &Spec) -> Self {
        let table = |whole: &[&str], parts: &[&[&str]], flat| {
            let mut names = combine(spec.script, &[whole]);
            names.extend(combine(spec.script, parts));
            Table::new(names, flat)
        };
        let nicknames = spec.nicknames.iter().map(|(given, nick)| {
            let short = spec.script.complete(spec.script.pair(nick));
            (spec.script.complete(spec.script.pair(given)).latin, short)
        });
        Self {
            language: spec.language,
            native: spec.native,
            wife_takes_family: spec.wife_takes_family,
            family_first: spec.family_first,
            second: spec.second,
            second_share: spec.second_share,
            male: table(spec.male, &spec.male_compound, 12),
            female: table(spec.female, &spec.female_compound, 12),
            own_male: table(spec.own_male, &[], 10),
            own_female: table(spec.own_female, &[], 10),
            family: table(spec.family, spec.family_parts, 30),
            nicknames: nicknames.collect(),
        }
    }

    fn given_table(&self, gender: Gender) -> &Table {
        match gender {
            Gender::Female => &self.female,
            Gender::Male => &self.male,
        }
    }

    /// Names a person with this father; one unknown to us is made up.
    pub(crate) fn name(&self, dice: &mut Dice, gender: Gender, father: Option<&FullName>) -> FullName {
        let made_up;
        let father = match father {
            Some(father) => father,
            None => {
                let given = self.male.pick(dice);
                made_up = FullName { given, second: Text::default(), family: self.family.pick(dice) };
                &made_up
            }
        };
        let mut given = self.given_table(gender).pick(dice);
        if given == father.given && self.second != Second::Own {
            given = self.given_table(gender).pick(dice);
        }
        let second = match self.second {
            Second::Own => match gender {
                Gender::Female => self.own_female.pick(dice),
                Gender::Male => self.own_male.pick(dice),
            },
            Second::Father => father.given.clone(),
            Second::MotherFamily => self.family.pick(dice),
            Second::Patronymic => script::patronymic(&father.given.native, gender),
        };
        let second = if dice.chance(self.second_share) { second } else { Text::default() };
        FullName { given, second, family: father.family.clone() }
    }

    /// A given name no sibling in `taken` has, so that twins can be told apart.
    pub(crate) fn rename(&self, dice: &mut Dice, gender: Gender, name: &mut FullName, taken: &[Text]) {
        for _ in 0..8 {
            if !taken.contains(&name.given) {
                return;
            }
            name.given = self.given_table(gender).pick(dice);
        }
    }

    /// A wife's or widow's name after marriage into `husband`'s family.
    pub(crate) fn marry(&self, wife: &mut FullName, husband: &FullName) {
        if !self.wife_takes_family {
            return;
        }
        let before = std::mem::replace(&mut wife.family, husband.family.clone());
        if self.second == Second::MotherFamily {
            wife.second = before;
        }
    }

    /// The name as it stands in an entry.
    pub(crate) fn spell(&self, name: &FullName, gender: Gender, native: bool) -> Spelled {
        let family = match (self.second, gender) {
            (Second::Patronymic, Gender::Female) => script::feminine(&name.family).written(native).to_owned(),
            _ => name.family.written(native).to_owned(),
        };
        Spelled {
            given: name.given.written(native).to_owned(),
            second: name.second.written(native).to_owned(),
            family,
        }
    }

    /// All names in the order of the culture.
    pub(crate) fn full(&self, name: &Spelled) -> String {
        let (given, second, family) = (name.given.as_str(), name.second.as_str(), name.family.as_str());
        let parts = if self.family_first { [family, given, second] } else { [given, second, family] };
        let present: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        present.join(" ")
    }

    /// The everyday form of a given name, if it has one.
    pub(crate) fn nickname(&self, given: &Text) -> Option<&Text> {
        self.nicknames.iter().find(|(name, _)| *name == given.latin).map(|(_, nick)| nick)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn names_follow_their_culture() {
        let all = cultures();
        let mut dice = Dice::new(1);
        let father = all[1].name(&mut dice, Gender::Male, None);
        let child = all[1].name(&mut dice, Gender::Female, Some(&father));
        assert!(child.second == father.given, "the father's name comes second in Ethiopia");
        assert!(all[1].spell(&child, Gender::Female, true).family.is_empty(), "and there is no family name");

        let father = all[6].name(&mut dice, Gender::Male, None);
        let daughter = all[6].name(&mut dice, Gender::Female, Some(&father));
        let full = all[6].full(&all[6].spell(&daughter, Gender::Female, true));
        assert!(full.ends_with('а'), "a Slavic woman's patronymic ends in -а: {full}");
        assert!(full.chars().all(|c| c == ' ' || ('а'..='ё').contains(&c.to_lowercase().next().unwrap())));
    }

    #[test]
    fn every_native_name_has_a_latin_form() {
        for (at, culture) in cultures().iter().enumerate() {
            let tables = [&culture.male, &culture.female, &culture.family, &culture.own_male];
            for text in tables.iter().flat_map(|table| &table.names) {
                let latin =
                    |c: char| c.is_ascii_alphabetic() || " '-".contains(c) || ('À'..='ɏ').contains(&c);
                assert!(text.latin.chars().all(latin), "{} of {at} is not Latin", text.latin);
                assert!(!text.native.is_empty() && text.native.trim() == text.native);
                assert!(!text.latin.is_empty(), "{} of {at}", text.native);
            }
        }
    }

    #[test]
    fn there_is_variety() {
        for culture in &cultures() {
            assert!(culture.male.names.len() >= 45, "{} men", culture.language);
            assert!(culture.female.names.len() >= 45, "{} women", culture.language);
            let families = culture.family.names.len();
            assert!(families == 0 || families >= 120, "{} has {families} families", culture.language);
        }
    }
}
