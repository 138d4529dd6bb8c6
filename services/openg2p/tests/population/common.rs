//! Reads the files back, as a register would.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use openg2p::population::{
    AccountRow, GENDERS, HOUSEHOLD_KINDS, HouseholdRow, IdRow, IndividualRow, MEMBERSHIP_KINDS,
    MembershipRow, PhoneRow, Sheet, Summary, TruthRow, generate,
};
use time::{Date, Month};

/// The seven files.
pub const FILES: [&str; 7] = [
    HouseholdRow::FILE,
    IndividualRow::FILE,
    MembershipRow::FILE,
    IdRow::FILE,
    PhoneRow::FILE,
    AccountRow::FILE,
    TruthRow::FILE,
];

/// The day all data sets of these tests are registered on.
pub fn as_of() -> Date {
    Date::from_calendar_date(2026, Month::January, 1).unwrap()
}

/// A directory of this run.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("population-{name}-{}", std::process::id()))
}

/// Generates and says where.
pub fn make(name: &str, persons: u32, seed: u64) -> (PathBuf, Summary) {
    let dir = folder(name);
    let summary = generate(&dir, persons, seed, as_of(), &mut |_, _| {}).unwrap();
    (dir, summary)
}

/// FNV-1a, so that the pinned value needs no library.
pub fn digest(dir: &Path) -> u64 {
    let bytes = FILES.iter().flat_map(|file| fs::read(dir.join(file)).unwrap());
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// All rows of a file, with its header checked.
pub fn rows<T: Sheet>(dir: &Path) -> Vec<T> {
    let mut reader = csv::Reader::from_path(dir.join(T::FILE)).unwrap();
    assert_eq!(reader.headers().unwrap(), T::HEADER, "header of {}", T::FILE);
    reader.deserialize().map(Result::unwrap).collect()
}

fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-').map(|part| part.parse::<i32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()
}

/// Completed years; none where the birth date is not known.
pub fn age(row: &IndividualRow) -> Option<i32> {
    let born = date(&row.birth_date)?;
    let days = as_of().to_julian_day() - born.to_julian_day();
    Some(days * 4 / 1461)
}

/// The files of 20,000 people, with the rows a register would refuse already taken out.
pub struct Register {
    pub summary: Summary,
    pub refused: u64,
    pub households: HashMap<String, HouseholdRow>,
    pub individuals: HashMap<String, IndividualRow>,
    pub memberships: Vec<MembershipRow>,
    pub ids: Vec<IdRow>,
    pub phones: Vec<PhoneRow>,
    pub accounts: Vec<AccountRow>,
    pub truth: Vec<TruthRow>,
}

/// Keeps the rows that pass and counts the others.
fn keep<T>(rows: Vec<T>, refused: &mut u64, pass: impl Fn(&T) -> bool) -> Vec<T> {
    let before = rows.len();
    let kept: Vec<T> = rows.into_iter().filter(pass).collect();
    *refused += (before - kept.len()) as u64;
    kept
}

fn past(text: &str) -> bool {
    date(text).is_some_and(|date| date < as_of())
}

fn good_individual(row: &IndividualRow) -> bool {
    let born_in_time =
        row.birth_date.is_empty() || (past(&row.birth_date) && row.birth_date <= row.registration_date);
    !row.full_name.is_empty()
        && GENDERS.contains(&row.gender.as_str())
        && born_in_time
        && past(&row.registration_date)
}

fn good_id(row: &IdRow) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    match row.id_type.as_str() {
        "NATIONAL_ID" => digits(&row.value, 9),
        "BIRTH_CERT" => row.value.strip_prefix("BC").is_some_and(|rest| digits(rest, 10)),
        "PASSPORT" => row.value.strip_prefix('A').is_some_and(|rest| digits(rest, 7)),
        _ => false,
    }
}

/// The digits without leading zeros.
pub fn national_digits(row: &PhoneRow) -> String {
    row.phone.chars().filter(char::is_ascii_digit).skip_while(|digit| *digit == '0').collect()
}

/// Read once, used by all tests.
pub fn register() -> &'static Register {
    static REGISTER: OnceLock<Register> = OnceLock::new();
    REGISTER.get_or_init(|| {
        let (dir, summary) = make("register", 20_000, 7);
        let mut refused = 0;
        let households = keep(rows::<HouseholdRow>(&dir), &mut refused, |row| {
            !row.external_id.is_empty()
                && !row.name.is_empty()
                && HOUSEHOLD_KINDS.contains(&row.kind.as_str())
                && past(&row.registration_date)
        });
        let households: HashMap<_, _> =
            households.into_iter().map(|row| (row.external_id.clone(), row)).collect();
        let individuals = keep(rows::<IndividualRow>(&dir), &mut refused, good_individual);
        let individuals: HashMap<_, _> =
            individuals.into_iter().map(|row| (row.external_id.clone(), row)).collect();
        let memberships = keep(rows::<MembershipRow>(&dir), &mut refused, |row| {
            households.contains_key(&row.household_external_id)
                && individuals.contains_key(&row.individual_external_id)
                && MEMBERSHIP_KINDS.contains(&row.kind.as_str())
                && past(&row.start_date)
        });
        let ids = keep(rows::<IdRow>(&dir), &mut refused, |row| {
            individuals.contains_key(&row.individual_external_id) && good_id(row)
        });
        let phones = keep(rows::<PhoneRow>(&dir), &mut refused, |row| {
            individuals.contains_key(&row.individual_external_id)
                && (9..=12).contains(&national_digits(row).len())
        });
        let (accounts, truth) = (rows(&dir), rows(&dir));
        fs::remove_dir_all(dir).unwrap();
        Register { summary, refused, households, individuals, memberships, ids, phones, accounts, truth }
    })
}

/// Memberships by household.
pub fn members_of(register: &Register) -> HashMap<&str, Vec<&MembershipRow>> {
    let mut members: HashMap<&str, Vec<&MembershipRow>> = HashMap::new();
    for row in &register.memberships {
        members.entry(&row.household_external_id).or_default().push(row);
    }
    members
}

/// A part of a whole, 0 to 1.
pub fn share(part: usize, whole: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
}
