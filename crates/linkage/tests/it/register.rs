//! A small seeded register of households with known duplicates, written without looking at the model: it copies what
//! clerks do, not what the engine measures.

use std::borrow::Cow;

use linkage::{PartialDate, Record, Sex};

use crate::names::{CULTURES, Culture, Name};

/// A register and who is who in it.
pub struct Register {
    pub records: Vec<Record>,
    /// Person number by record id.
    pub person: Vec<u64>,
    /// Pairs of record ids of twins.
    pub twins: Vec<(u64, u64)>,
}

impl Register {
    /// Pairs (smaller id, larger id) of records of one person.
    pub fn true_pairs(&self) -> std::collections::HashSet<(u64, u64)> {
        let mut by_person: std::collections::HashMap<u64, Vec<u64>> = std::collections::HashMap::new();
        for record in &self.records {
            by_person.entry(self.person[record.id as usize]).or_default().push(record.id);
        }
        let mut out = std::collections::HashSet::new();
        for mut ids in by_person.into_values() {
            ids.sort_unstable();
            for (i, a) in ids.iter().enumerate() {
                out.extend(ids[i + 1..].iter().map(|b| (*a, *b)));
            }
        }
        out
    }
}

/// splitmix64: enough randomness for test data, the same on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
    pub fn chance(&mut self, p: f64) -> bool {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64 <= p
    }
    /// The first entries are the common ones.
    pub fn skewed(&mut self, n: usize) -> usize {
        let u = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((u * u) * n as f64) as usize % n
    }
}

struct Builder {
    dice: Dice,
    records: Vec<Record>,
    person: Vec<u64>,
    twins: Vec<(u64, u64)>,
    districts: u64,
}

/// About `people` distinct people and 3% second records.
pub fn register(people: usize, seed: u64) -> Register {
    let districts = (people as u64 / 500).max(5);
    let mut b = Builder {
        dice: Dice::new(seed),
        records: Vec::new(),
        person: Vec::new(),
        twins: Vec::new(),
        districts,
    };
    let mut household = 0;
    while b.records.len() < people {
        b.household(household);
        household += 1;
    }
    let originals = b.records.len();
    for at in 0..originals {
        if b.dice.chance(0.03) {
            b.second_record(at);
        }
    }
    // Second records stand anywhere in the register, not at its end.
    for at in (1..b.records.len()).rev() {
        let other = b.dice.below(at as u64 + 1) as usize;
        b.records.swap(at, other);
    }
    Register { records: b.records, person: b.person, twins: b.twins }
}

impl Builder {
    fn household(&mut self, number: u64) {
        let district = self.dice.below(self.districts);
        // Most districts speak one language, some are mixed.
        let culture = if self.dice.chance(0.8) { district % 5 } else { self.dice.below(5) };
        let culture = &CULTURES[culture as usize];
        let village = district * 12 + self.dice.below(12);
        let address = self.dice.chance(0.6).then(|| format!("{} {} Road", self.dice.below(400), village % 7));
        let phone = format!("+2547{:08}", self.dice.below(100_000_000));
        let home = self.dice.chance(0.5).then(|| format!("Village {}", village - village % 4));
        let base = |id: u64| Record {
            id,
            household: Some(format!("HH{number}")),
            district: Some(format!("District {district}")),
            village: Some(format!("Village {village}")),
            birth_place: home.clone(),
            address: address.clone(),
            ..Record::default()
        };
        let father = pick(&mut self.dice, culture.men);
        let mother = pick(&mut self.dice, culture.women);
        let grandfather = pick(&mut self.dice, culture.men);
        let family = pick(&mut self.dice, culture.families);
        let year = 1950 + self.dice.below(45);
        let mut members: Vec<Record> = Vec::new();
        if self.dice.chance(0.85) {
            let mut man = base(0);
            man.given_name = Some(own_name(&mut self.dice, culture, culture.men, &father));
            man.family_name = Some(if culture.patronymic { &grandfather } else { &family }.to_string());
            man.sex = Some(Sex::Male);
            man.birth_date = birth(&mut self.dice, year);
            man.father_name = self.dice.chance(0.4).then(|| grandfather.to_string());
            members.push(man);
        }
        if self.dice.chance(0.9) {
            let mut woman = base(0);
            let maiden =
                pick(&mut self.dice, if culture.patronymic { culture.men } else { culture.families });
            woman.given_name = Some(own_name(&mut self.dice, culture, culture.women, &mother));
            woman.family_name =
                Some(if culture.patronymic || self.dice.chance(0.3) { &maiden } else { &family }.to_string());
            woman.sex = Some(Sex::Female);
            woman.birth_date = birth(&mut self.dice, year + 3);
            members.push(woman);
        }
        let mut born = year + 20;
        for _ in 0..self.dice.below(6) {
            born += 1 + self.dice.below(4);
            let twins = self.dice.chance(0.015);
            let date = birth(&mut self.dice, born);
            for _ in 0..=u64::from(twins) {
                let mut child = base(0);
                let boy = self.dice.chance(0.5);
                let pool = if boy { culture.men } else { culture.women };
                // Parents do not give two living children one name.
                let name = loop {
                    let first = pick(&mut self.dice, pool);
                    let name = own_name(&mut self.dice, culture, pool, &first);
                    if members.iter().all(|m| m.given_name.as_deref() != Some(&name)) {
                        break name;
                    }
                };
                child.given_name = Some(name);
                child.family_name = Some(if culture.patronymic { &father } else { &family }.to_string());
                child.sex = Some(if boy { Sex::Male } else { Sex::Female });
                child.birth_date = date;
                child.father_name = self.dice.chance(0.6).then(|| format!("{father} {family}"));
                child.mother_name = self.dice.chance(0.5).then(|| mother.to_string());
                members.push(child);
            }
            if twins {
                let last = (self.records.len() + members.len()) as u64;
                self.twins.push((last - 2, last - 1));
            }
        }
        for mut member in members {
            member.id = self.records.len() as u64;
            let adult = member.birth_date.and_then(|d| d.year()).is_some_and(|y| y < 2008);
            if self.dice.chance(0.7) {
                member.phones.push(phone.clone());
            } else if adult && self.dice.chance(0.5) {
                member.phones.push(format!("07{:08}", self.dice.below(100_000_000)));
            }
            if adult && self.dice.chance(0.5) {
                member.ids.push(format!("NID:{:09}", self.dice.below(1_000_000_000)));
            }
            self.person.push(member.id);
            self.records.push(member);
        }
    }

    /// Enters the person again, as a clerk on another day would.
    fn second_record(&mut self, at: usize) {
        let mut copy = self.records[at].clone();
        copy.id = self.records.len() as u64;
        if self.dice.chance(0.5) {
            // Found in another household: married, moved, or counted twice.
            let host = self.dice.below(at as u64 + 1) as usize;
            let host = self.records[host].clone();
            (copy.household, copy.address) = (host.household, host.address);
            if self.dice.chance(0.7) {
                (copy.village, copy.district) = (host.village, host.district);
            }
            copy.phones = if self.dice.chance(0.5) { host.phones } else { copy.phones };
        }
        for _ in 0..=self.dice.below(2) {
            self.spoil(&mut copy);
        }
        self.person.push(at as u64);
        self.records.push(copy);
    }

    fn spoil(&mut self, r: &mut Record) {
        let dice = &mut self.dice;
        match dice.below(16) {
            0 | 1 => r.given_name = r.given_name.as_deref().map(|n| typo(dice, n)),
            2 => r.family_name = r.family_name.as_deref().map(|n| typo(dice, n)),
            3 | 4 => r.birth_date = r.birth_date.map(|d| d.swapped().unwrap_or(d)),
            5 => r.birth_date = r.birth_date.map(|d| one_digit(dice, d)),
            6 => r.birth_date = r.birth_date.and_then(|d| PartialDate::new(d.year(), Some(1), Some(1))),
            7 | 8 => {
                r.given_name = r.given_name.as_deref().map(other_spelling);
                r.family_name = r.family_name.as_deref().map(other_spelling);
            }
            9 => std::mem::swap(&mut r.given_name, &mut r.family_name),
            13 => r.given_name = r.given_name.as_deref().map(|n| format!("MR {}", n.to_uppercase())),
            14 => {
                r.family_name = r.family_name.as_deref().map(|n| format!(" {} ", n.to_lowercase()));
                r.phones = r.phones.iter().map(|p| p.replace("+254", "0")).collect();
            }
            10 => r.ids.clear(),
            11 => r.phones.clear(),
            12 => {
                r.father_name = None;
                r.mother_name = None;
                r.birth_place = None;
            }
            _ => {
                let (given, family) = (r.given_name.take(), r.family_name.take());
                let all: Vec<String> = [given, family].into_iter().flatten().collect();
                r.given_name = Some(all.join(" "));
            }
        }
    }
}

/// A listed name, or one of the many that few people bear.
fn pick(dice: &mut Dice, pool: &'static [Name]) -> Cow<'static, str> {
    if dice.chance(0.7) {
        return Cow::Borrowed(pool[dice.skewed(pool.len())].0);
    }
    const START: [&str; 12] = ["Ba", "Chi", "Do", "Ka", "Lu", "Mwa", "Nde", "Oke", "Sa", "Ti", "Wan", "Zi"];
    const MIDDLE: [&str; 10] = ["la", "mbi", "ngo", "re", "si", "tu", "vi", "yo", "ka", "na"];
    const END: [&str; 8] = ["", "li", "ma", "ne", "ro", "wa", "du", "shi"];
    let at = dice.skewed(START.len() * MIDDLE.len() * END.len());
    let (start, rest) = (at % START.len(), at / START.len());
    Cow::Owned(format!("{}{}{}", START[start], MIDDLE[rest % MIDDLE.len()], END[rest / MIDDLE.len()]))
}

fn own_name(dice: &mut Dice, culture: &Culture, pool: &'static [Name], first: &str) -> String {
    if culture.double_given && dice.chance(0.6) {
        let second = pick(dice, pool);
        if second != first {
            return format!("{first} {second}");
        }
    }
    first.to_owned()
}

fn birth(dice: &mut Dice, year: u64) -> Option<PartialDate> {
    if dice.chance(0.02) {
        return None;
    }
    if dice.chance(0.05) {
        return PartialDate::new(Some(year as u16), Some(1), Some(1));
    }
    PartialDate::new(Some(year as u16), Some(1 + dice.below(12) as u8), Some(1 + dice.below(28) as u8))
}

fn typo(dice: &mut Dice, name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let at = dice.below(letters.len() as u64) as usize;
    match dice.below(4) {
        0 => {
            letters[at] = char::from(b'a' + dice.below(26) as u8);
        }
        1 if letters.len() > 3 => {
            letters.remove(at);
        }
        2 => letters.insert(at, letters[at]),
        _ => {
            let at = at.min(letters.len().saturating_sub(2));
            let next = (at + 1).min(letters.len() - 1);
            letters.swap(at, next);
        }
    }
    letters.into_iter().collect()
}

fn one_digit(dice: &mut Dice, d: PartialDate) -> PartialDate {
    let (Some(year), Some(month), Some(day)) = (d.year(), d.month(), d.day()) else { return d };
    let changed = match dice.below(3) {
        0 => PartialDate::new(Some(year / 10 * 10 + dice.below(10) as u16), Some(month), Some(day)),
        1 => PartialDate::new(Some(year), Some(month), Some(day / 10 * 10 + 1 + dice.below(8) as u8)),
        _ => PartialDate::new(Some(year), Some(1 + dice.below(9) as u8), Some(day)),
    };
    changed.unwrap_or(d)
}

fn other_spelling(name: &str) -> String {
    let known = |word: &str| {
        let mut pools = CULTURES.iter().flat_map(|c| [c.men, c.women, c.families]).flatten();
        pools.find(|(latin, _)| *latin == word).map(|(_, other)| (*other).to_owned())
    };
    known(name).unwrap_or_else(|| {
        let words: Vec<String> = name.split(' ').map(|w| known(w).unwrap_or_else(|| w.to_owned())).collect();
        words.join(" ")
    })
}
