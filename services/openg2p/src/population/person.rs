//! What a register asks about a person besides the name: schooling, work, disability, documents, phone, account.

use time::Date;

use super::dice::{Dice, Shuffle};
use super::kinship::Member;
use super::names::Gender;
use super::rows::AccountRow;

/// `YYYY-MM-DD` of a Julian day.
pub(crate) fn iso(day: i32) -> String {
    Date::from_julian_day(day).map_or_else(
        |_| String::new(),
        |date| format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day()),
    )
}

/// Highest schooling; follows age and wealth.
pub(crate) fn education(dice: &mut Dice, age: i32, wealth: i32) -> &'static str {
    let luck = dice.range(0, 1000) + wealth / 2 - (age - 20).max(0) * 6;
    match age {
        ..=5 => "none",
        6..=13 => "primary",
        14..=17 if luck > 500 => "secondary",
        14..=17 => "primary",
        _ if luck > 1050 => "tertiary",
        _ if luck > 650 => "secondary",
        _ if luck > 200 => "primary",
        _ => "none",
    }
}

/// What the person lives on.
pub(crate) fn employment(dice: &mut Dice, age: i32, wealth: i32) -> &'static str {
    const POOR: &[(u64, &str)] = &[
        (42, "subsistence_farming"),
        (26, "casual_labour"),
        (15, "unemployed"),
        (12, "self_employed"),
        (5, "employed"),
    ];
    const BETTER: &[(u64, &str)] = &[
        (32, "employed"),
        (30, "self_employed"),
        (16, "casual_labour"),
        (12, "subsistence_farming"),
        (10, "unemployed"),
    ];
    match age {
        ..=5 => "not_applicable",
        6..=17 => "student",
        18..=22 if dice.chance(350) => "student",
        65.. if dice.chance(700) => "retired",
        _ => dice.weighted(if wealth < 550 { POOR } else { BETTER }),
    }
}

/// One of the Washington Group domains, or `none`; commoner in old age.
pub(crate) fn disability(dice: &mut Dice, age: i32) -> &'static str {
    let share = match age {
        ..=14 => 18,
        15..=39 => 28,
        40..=64 => 60,
        _ => 210,
    };
    if dice.chance(share) {
        dice.pick(&["seeing", "hearing", "walking", "cognition", "self_care", "communication"])
    } else {
        "none"
    }
}

/// An address nobody can own (RFC 2606), for some adults.
pub(crate) fn email(dice: &mut Dice, age: i32, given: &str) -> String {
    if age < 16 || !dice.chance(60) {
        return String::new();
    }
    let name: String = given.chars().filter(char::is_ascii_alphabetic).collect();
    let host = dice.pick(&["example.org", "example.com", "example.net"]);
    format!("{}{}@{host}", name.to_lowercase(), dice.below(100_000))
}

/// The day of birth as it gets registered: of older people often only the year is known.
pub(crate) fn registered_birth(dice: &mut Dice, born: i32, age: i32) -> i32 {
    if age >= 30 && dice.chance(70) {
        Date::from_julian_day(born).map_or(born, |date| born - i32::from(date.ordinal()) + 1)
    } else {
        born
    }
}

/// Numbers that are unique in the whole population.
pub(crate) struct Numbers {
    national: Shuffle,
    birth: Shuffle,
    passport: Shuffle,
    phone: Shuffle,
    account: Shuffle,
}

/// An ID document before it is tied to an entry.
#[derive(Clone)]
pub(crate) struct Document {
    pub id_type: &'static str,
    pub value: String,
    pub expiry: String,
}

/// A phone number: country and the digits after its calling code.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Phone {
    pub country: &'static str,
    code: &'static str,
    digits: String,
}

impl Numbers {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        Self {
            national: Shuffle::new(dice, 900_000_000),
            birth: Shuffle::new(dice, 10_000_000_000),
            passport: Shuffle::new(dice, 10_000_000),
            phone: Shuffle::new(dice, 100_000_000),
            account: Shuffle::new(dice, 10_000_000_000),
        }
    }

    /// The documents of a person. Heads nearly always have one, or they could not have been registered.
    pub(crate) fn documents(&mut self, dice: &mut Dice, age: i32, head: bool, today: i32) -> Vec<Document> {
        let mut documents = Vec::new();
        let mut add = |id_type, value, expiry| documents.push(Document { id_type, value, expiry });
        if age >= 18 && dice.chance(if head { 985 } else { 860 }) {
            add("NATIONAL_ID", (100_000_000 + self.national.draw()).to_string(), String::new());
        }
        if dice.chance(if age < 18 { 700 } else { 80 }) {
            add("BIRTH_CERT", format!("BC{:010}", self.birth.draw()), String::new());
        }
        if age >= 18 && dice.chance(40) {
            let expiry = iso(today + dice.range(-700, 3500));
            add("PASSPORT", format!("A{:07}", self.passport.draw()), expiry);
        }
        documents
    }

    /// A mobile number; one in 40 is of a neighbouring or a home country.
    pub(crate) fn phone(&mut self, dice: &mut Dice) -> Phone {
        const ABROAD: &[(&str, &str, &str)] = &[("ET", "251", "9"), ("IN", "91", "98"), ("EG", "20", "10")];
        let number = self.phone.draw();
        if dice.chance(25) {
            let (country, code, start) = dice.pick(ABROAD);
            return Phone { country, code, digits: format!("{start}{number:08}") };
        }
        Phone { country: "KE", code: "254", digits: format!("7{number:08}") }
    }

    /// Where a Head wants the money: `kind` as the deck dealt it.
    pub(crate) fn account(&mut self, dice: &mut Dice, head: &str, kind: &str, phone: &Phone) -> AccountRow {
        let mut row = AccountRow {
            individual_external_id: head.to_owned(),
            kind: kind.to_owned(),
            ..Default::default()
        };
        match kind {
            "BANK" => {
                let (code, name) = dice.weighted(BANKS);
                let branch = 1 + dice.below(24);
                row.bank_code = code.to_owned();
                row.bank_name = name.to_owned();
                row.branch_code = format!("{code}{branch:04}");
                row.branch_name = format!("Branch {branch}");
                row.account_number = format!("{:010}", self.account.draw());
            }
            "MOBILE_WALLET" => {
                let (code, name) = dice.weighted(WALLETS);
                row.wallet_provider_code = code.to_owned();
                row.wallet_provider_name = name.to_owned();
                row.phone = phone.e164();
            }
            _ => {}
        }
        row
    }
}

const BANKS: &[(u64, (&str, &str))] = &[
    (40, ("EXBK", "Example Bank")),
    (24, ("EXFM", "Example Farmers Bank")),
    (18, ("EXPO", "Example Post Bank")),
    (12, ("EXCO", "Example Cooperative Bank")),
    (6, ("EXCI", "Example City Bank")),
];

const WALLETS: &[(u64, (&str, &str))] = &[(7, ("EXPAY", "Example Pay")), (3, ("EXMON", "Example Money"))];

impl Phone {
    /// `+254712345678`.
    pub(crate) fn e164(&self) -> String {
        format!("+{}{}", self.code, self.digits)
    }

    /// As an officer writes it: national or international, with or without spaces.
    pub(crate) fn written(&self, dice: &mut Dice) -> String {
        let (prefix, rest) = self.digits.split_at(self.digits.len().min(3));
        let (middle, last) = rest.split_at(rest.len().min(3));
        match dice.below(4) {
            _ if self.country != "KE" => self.e164(),
            0 => format!("0{}", self.digits),
            1 => format!("0{prefix} {middle} {last}"),
            2 => format!("+{} {prefix} {middle} {last}", self.code),
            _ => self.e164(),
        }
    }
}

/// Deals account kinds so that each 20 Heads have exactly 17 bank accounts, 2 wallets and 1 nothing.
#[derive(Default)]
pub(crate) struct Deck(Vec<&'static str>);

impl Deck {
    pub(crate) fn deal(&mut self, dice: &mut Dice) -> &'static str {
        if self.0.is_empty() {
            self.0 = vec!["BANK"; 17];
            self.0.extend(["MOBILE_WALLET", "MOBILE_WALLET", "NONE"]);
        }
        let at = dice.index(self.0.len());
        self.0.swap_remove(at)
    }
}

/// Whether this member has a phone of their own.
pub(crate) fn has_phone(dice: &mut Dice, member: &Member, age: i32, wealth: i32) -> bool {
    let more = u64::try_from(wealth / 4).unwrap_or(0);
    let less = if member.gender == Gender::Female { 90 } else { 0 };
    age >= 15 && dice.chance((if member.relation == "head" { 640 } else { 330 }) + more - less)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_are_written_in_forms_that_mean_the_same() {
        let mut dice = Dice::new(5);
        let mut numbers = Numbers::new(&mut dice);
        for _ in 0..500 {
            let phone = numbers.phone(&mut dice);
            let text = phone.written(&mut dice).replace(' ', "");
            let whole = text.strip_prefix('0').map_or(text.clone(), |rest| format!("+254{rest}"));
            assert_eq!(whole, phone.e164());
        }
    }

    #[test]
    fn dates_are_iso() {
        let day = Date::from_calendar_date(2026, time::Month::January, 2).map_or(0, Date::to_julian_day);
        assert_eq!(iso(day), "2026-01-02");
    }
}
