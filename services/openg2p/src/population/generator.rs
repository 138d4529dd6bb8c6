//! The loop over households. Memory stays flat: besides one household it holds at most a few hundred first
//! entries that wait for their second one, and the households such a person may have moved to.

use std::collections::VecDeque;
use std::path::Path;

use super::assets;
use super::book::Book;
use super::dice::Dice;
use super::duplicates::{self, First, kind};
use super::kinship::{self, Father, Member};
use super::names::{self, CULTURES, Culture, FullName, Gender, Text};
use super::person::{self, Deck, Numbers, Phone, iso};
use super::places::{self, COUNTRY, Place};
use super::rows::{HouseholdRow, IdRow, IndividualRow, MembershipRow, PhoneRow, TruthRow};
use super::{PopulationError, Summary};

/// Most first entries that wait for their second one.
const WAITING: usize = 256;
/// Households that a person may have moved to: the latest so many.
const RECENT: usize = 512;
/// Of 1,000 people, how many are entered twice.
const TWICE: u64 = 30;

pub(crate) struct Generator {
    dice: Dice,
    book: Book,
    cultures: [Culture; CULTURES],
    numbers: Numbers,
    deck: Deck,
    today: i32,
    /// People not yet made, and how many of them will be entered twice.
    left: u64,
    twice_left: u64,
    waiting: Vec<First>,
    most_waiting: usize,
    recent: VecDeque<String>,
    previous: Option<(Place, String)>,
    households: u64,
    duplicates: u64,
}

/// What the members of one household share.
struct Home {
    id: String,
    place: Place,
    wealth: i32,
    native: bool,
    registered: i32,
}

impl Generator {
    pub(crate) fn new(dir: &Path, persons: u64, seed: u64, today: i32) -> Result<Self, PopulationError> {
        let mut dice = Dice::new(seed);
        let numbers = Numbers::new(&mut dice);
        let most_waiting = usize::try_from(persons / 100).unwrap_or(WAITING).min(WAITING);
        Ok(Self {
            dice,
            book: Book::create(dir)?,
            cultures: names::cultures(),
            numbers,
            deck: Deck::default(),
            today,
            left: persons,
            twice_left: (persons * TWICE + 500) / 1000,
            waiting: Vec::new(),
            most_waiting,
            recent: VecDeque::new(),
            previous: None,
            households: 0,
            duplicates: 0,
        })
    }

    pub(crate) fn run(mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Summary, PopulationError> {
        let persons = self.left;
        let mut shown = 0;
        progress(0, persons);
        while self.left > 0 {
            self.household()?;
            while self.waiting.len() > self.most_waiting {
                self.enter_again()?;
            }
            let done = persons - self.left;
            if done - shown >= 1000 {
                shown = done;
                progress(done, persons);
            }
        }
        while !self.waiting.is_empty() {
            self.enter_again()?;
        }
        progress(persons, persons);
        let (households, duplicates) = (self.households, self.duplicates);
        let wrong_rows = self.book.wrong_rows();
        Ok(Summary { persons, households, duplicates, wrong_rows, rows: self.book.finish()? })
    }

    fn household(&mut self) -> Result<(), PopulationError> {
        let dice = &mut self.dice;
        let (place, address) = match self.previous.take() {
            // A compound: another family on the same plot.
            Some(previous) if dice.chance(80) => previous,
            _ => {
                let place = places::place(dice);
                let address = format!("Plot {}, {}", 1 + dice.below(400), place.village);
                (place, address)
            }
        };
        let wealth = wealth(dice, &place);
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX);
        let members = kinship::household(dice, self.today, limit, wealth < 520);
        let Some(culture) = self.cultures.get(place.culture) else { return Ok(()) };
        let named = name_all(dice, culture, &members);
        let home = Home {
            id: self.book.household_id(),
            wealth,
            native: dice.chance(culture.native),
            registered: self.today - dice.range(1, 1000),
            place,
        };
        self.write_household(&home, &address, &members, &named)?;
        self.write_members(&home, members, named)?;

        self.households += 1;
        self.previous = Some((home.place, address));
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(home.id);
        Ok(())
    }

    fn write_household(
        &mut self,
        home: &Home,
        address: &str,
        members: &[Member],
        named: &[FullName],
    ) -> Result<(), PopulationError> {
        let Some(culture) = self.cultures.get(home.place.culture) else { return Ok(()) };
        let name = members.first().zip(named.first()).map_or_else(String::new, |(member, name)| {
            culture.full(&culture.spell(name, member.gender, home.native))
        });
        let mut row = HouseholdRow {
            external_id: home.id.clone(),
            name,
            kind: "Household".to_owned(),
            address: address.to_owned(),
            village: home.place.village.clone(),
            district: home.place.district.to_owned(),
            region: home.place.region.to_owned(),
            country: COUNTRY.to_owned(),
            latitude: places::degrees(home.place.latitude),
            longitude: places::degrees(home.place.longitude),
            registration_date: iso(home.registered),
            ..HouseholdRow::default()
        };
        assets::furnish(&mut self.dice, &mut row, home.wealth, home.place.town);
        self.book.household(&mut self.dice, &row)
    }

    fn write_members(
        &mut self,
        home: &Home,
        members: Vec<Member>,
        named: Vec<FullName>,
    ) -> Result<(), PopulationError> {
        let mut shared = None;
        for (member, name) in members.into_iter().zip(named) {
            let head = member.kind == "Head";
            let account = head.then(|| self.deck.deal(&mut self.dice));
            let first = self.person(home, &member, name, account == Some("MOBILE_WALLET"), &mut shared)?;
            if let Some(account) = account {
                let phone = first.phone.clone().unwrap_or_else(|| self.numbers.phone(&mut self.dice));
                let row = self.numbers.account(&mut self.dice, &first.row.external_id, account, &phone);
                self.book.account(&row)?;
            }
            // Selection sampling: exactly the share asked for, each person as likely.
            if self.dice.below(self.left) < self.twice_left {
                self.twice_left -= 1;
                self.waiting.push(first);
            }
            self.left -= 1;
        }
        Ok(())
    }

    /// Writes a person's first entry in all files.
    fn person(
        &mut self,
        home: &Home,
        member: &Member,
        name: FullName,
        needs_phone: bool,
        shared: &mut Option<Phone>,
    ) -> Result<First, PopulationError> {
        let dice = &mut self.dice;
        let age = kinship::age(member.born, self.today);
        // Children born after the household was registered were added later.
        let registered = home.registered.max((member.born + dice.range(5, 200)).min(self.today - 1));
        let row = individual(dice, &self.cultures, home, member, &name, age, iso(registered));
        let row = IndividualRow { external_id: self.book.individual_id(), ..row };
        let documents = self.numbers.documents(dice, age, member.relation == "head", self.today);
        let own = needs_phone || person::has_phone(dice, member, age, home.wealth);
        let phone = if needs_phone || (own && (shared.is_none() || dice.chance(600))) {
            Some(self.numbers.phone(dice))
        } else {
            // Some who have none give the number of the household's first phone.
            shared.clone().filter(|_| age >= 12 && dice.chance(if own { 1000 } else { 200 }))
        };
        if shared.is_none() {
            shared.clone_from(&phone);
        }
        let first = First {
            row,
            household: Some(home.id.clone()),
            name,
            gender: member.gender,
            culture: home.place.culture,
            native: home.native,
            documents,
            phone,
            registered,
        };
        self.write_entry(&first, &first.documents, first.phone.as_ref())?;
        let membership = MembershipRow {
            household_external_id: home.id.clone(),
            individual_external_id: first.row.external_id.clone(),
            kind: member.kind.to_owned(),
            relationship_to_head: member.relation.to_owned(),
            start_date: iso(registered),
        };
        self.book.membership(&mut self.dice, &membership)?;
        Ok(first)
    }

    fn write_entry(
        &mut self,
        first: &First,
        documents: &[person::Document],
        phone: Option<&Phone>,
    ) -> Result<(), PopulationError> {
        self.book.individual(&mut self.dice, &first.row)?;
        for document in documents {
            let row = IdRow {
                individual_external_id: first.row.external_id.clone(),
                id_type: document.id_type.to_owned(),
                value: document.value.clone(),
                expiry_date: document.expiry.clone(),
            };
            self.book.id(&mut self.dice, &row)?;
        }
        if let Some(phone) = phone {
            let row = PhoneRow {
                individual_external_id: first.row.external_id.clone(),
                phone: phone.written(&mut self.dice),
                country: phone.country.to_owned(),
            };
            self.book.phone(&mut self.dice, &row)?;
        }
        Ok(())
    }

    /// Writes the second entry of one person who waits for it, and the truth about it.
    fn enter_again(&mut self) -> Result<(), PopulationError> {
        let dice = &mut self.dice;
        let mut first = self.waiting.swap_remove(dice.index(self.waiting.len()));
        let Some(culture) = self.cultures.get(first.culture) else { return Ok(()) };
        let (row, mut kinds) = duplicates::second_entry(dice, culture, &first);
        let registered = first.registered + dice.range(0, (self.today - 1 - first.registered).max(0));
        let documents = duplicates::second_documents(dice, &first.documents, &mut kinds);
        let phone = match dice.below(10) {
            0..=4 => first.phone.clone(),
            5 | 6 if first.phone.is_some() => {
                duplicates::mark(&mut kinds, kind::PHONE_CHANGED);
                Some(self.numbers.phone(dice))
            }
            _ => None,
        };
        let elsewhere = if dice.chance(600) { self.recent.get(dice.index(self.recent.len())) } else { None };
        let moved_to = elsewhere.filter(|id| first.household.as_ref() != Some(*id)).cloned();
        let original = std::mem::take(&mut first.row.external_id);
        let again = self.book.individual_id();
        first.row = IndividualRow { external_id: again.clone(), registration_date: iso(registered), ..row };
        self.write_entry(&first, &documents, phone.as_ref())?;
        if let Some(household) = moved_to {
            duplicates::mark(&mut kinds, kind::MOVED);
            let row = MembershipRow {
                household_external_id: household,
                individual_external_id: again.clone(),
                // Never the Head: a second entry is not a second payee.
                kind: "Relative".to_owned(),
                relationship_to_head: "relative".to_owned(),
                start_date: iso(registered),
            };
            self.book.membership(&mut self.dice, &row)?;
        }
        self.duplicates += 1;
        let error_kinds = kinds.join(";");
        self.book.truth(&TruthRow { external_id_a: original, external_id_b: again, error_kinds })
    }
}

/// 0 to 1,000; towns are better off.
fn wealth(dice: &mut Dice, place: &Place) -> i32 {
    let drawn = dice.range(0, 1000) * 2 / 3 + dice.range(0, 1000) / 3;
    (drawn + if place.town { 110 } else { -10 }).clamp(0, 1000)
}

/// Names fathers before their children and husbands before their wives, whatever their order in the household.
fn name_all(dice: &mut Dice, culture: &Culture, members: &[Member]) -> Vec<FullName> {
    let mut named: Vec<Option<FullName>> = vec![None; members.len()];
    let mut absent: [Option<FullName>; 4] = Default::default();
    let mut given: Vec<Text> = Vec::with_capacity(members.len());
    for last_round in [false, false, false, true] {
        for (at, member) in members.iter().enumerate() {
            if named.get(at).is_none_or(Option::is_some) {
                continue;
            }
            let father = match member.father {
                Father::Unknown => None,
                Father::Absent(number) => absent.get_mut(number).map(|father| {
                    father.get_or_insert_with(|| culture.name(dice, Gender::Male, None)).clone()
                }),
                Father::Member(number) => named.get(number).cloned().flatten(),
            };
            let husband = member.husband.and_then(|number| named.get(number).cloned().flatten());
            let waits = (matches!(member.father, Father::Member(_)) && father.is_none())
                || (member.husband.is_some() && husband.is_none());
            if waits && !last_round {
                continue;
            }
            let mut name = culture.name(dice, member.gender, father.as_ref());
            culture.rename(dice, member.gender, &mut name, &given);
            if let Some(husband) = husband {
                culture.marry(&mut name, &husband);
            }
            given.push(name.given.clone());
            if let Some(slot) = named.get_mut(at) {
                *slot = Some(name);
            }
        }
    }
    named.into_iter().map(Option::unwrap_or_default).collect()
}

/// The row of a first entry, without its id.
fn individual(
    dice: &mut Dice,
    cultures: &[Culture; CULTURES],
    home: &Home,
    member: &Member,
    name: &FullName,
    age: i32,
    registration_date: String,
) -> IndividualRow {
    let Some(culture) = cultures.get(home.place.culture) else { return IndividualRow::default() };
    let spelled = culture.spell(name, member.gender, home.native);
    let born_here = age < 18 || dice.chance(550);
    let birth_place =
        if born_here { home.place.village.clone() } else { places::place(dice).district.to_owned() };
    IndividualRow {
        external_id: String::new(),
        full_name: culture.full(&spelled),
        given_name: spelled.given,
        family_name: spelled.family,
        additional_name: spelled.second,
        gender: member.gender.code().to_owned(),
        birth_date: iso(person::registered_birth(dice, member.born, age)),
        birth_place,
        email: person::email(dice, age, &name.given.latin),
        marital_status: member.marital.to_owned(),
        education: person::education(dice, age, home.wealth).to_owned(),
        employment_status: person::employment(dice, age, home.wealth).to_owned(),
        disability: person::disability(dice, age).to_owned(),
        language: culture.language.to_owned(),
        registration_date,
    }
}
