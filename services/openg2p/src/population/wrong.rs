//! Rows that are plainly wrong: a register must refuse each of them, whatever else is in the file.
//!
//! A wrong row is always an extra row: a copy of a good one with a fresh key and one fault. No person, membership,
//! ID or phone of the true population is lost when it is refused.

use super::dice::Dice;
use super::rows::{HouseholdRow, IdRow, IndividualRow, MembershipRow, PhoneRow};

/// One wrong row follows in each run of this many good rows: 1 in 200 rows, 0.5%.
const GOOD_ROWS_PER_WRONG_ROW: u64 = 199;

/// Decides after which good row of one file a wrong row follows.
#[derive(Default)]
pub(crate) struct Spoiler {
    seen: u64,
    at: u64,
    pub(crate) fired: u64,
}

impl Spoiler {
    /// Call once per good row; true when a wrong row is due.
    pub(crate) fn due(&mut self, dice: &mut Dice) -> bool {
        if self.seen.is_multiple_of(GOOD_ROWS_PER_WRONG_ROW) {
            self.at = self.seen + dice.below(GOOD_ROWS_PER_WRONG_ROW);
        }
        let due = self.seen == self.at;
        self.seen += 1;
        self.fired += u64::from(due);
        due
    }
}

/// Makes a wrong copy of a good row.
pub(crate) trait Spoil {
    /// `fresh` is an unused external id for rows that have their own, else the number of a record that does not
    /// exist.
    fn spoilt(&self, dice: &mut Dice, fresh: String) -> Self;
}

/// A day well after any date a register may hold.
fn far_future(dice: &mut Dice) -> String {
    format!("{}-0{}-1{}", dice.range(9100, 9900), dice.range(1, 9), dice.range(0, 9))
}

/// A day no calendar has.
fn impossible(dice: &mut Dice) -> String {
    let year = dice.range(1960, 2020) / 4 * 4 + 1;
    format!("{year}-{}", dice.pick(&["02-29", "02-30", "04-31", "13-05", "11-31", "00-12"]))
}

impl Spoil for HouseholdRow {
    fn spoilt(&self, dice: &mut Dice, fresh: String) -> Self {
        let mut row = Self { external_id: fresh, ..self.clone() };
        match dice.below(4) {
            0 => row.name.clear(),
            1 => row.registration_date = far_future(dice),
            2 => row.registration_date = impossible(dice),
            _ => row.external_id.clear(),
        }
        row
    }
}

impl Spoil for IndividualRow {
    fn spoilt(&self, dice: &mut Dice, fresh: String) -> Self {
        let mut row = Self { external_id: fresh, email: String::new(), ..self.clone() };
        match dice.below(5) {
            0 => row.birth_date = impossible(dice),
            1 => row.birth_date = far_future(dice),
            2 => row.gender = dice.pick(&["7", "unknown", "?", "mail"]).to_owned(),
            3 => {
                row.given_name.clear();
                row.family_name.clear();
                row.additional_name.clear();
                row.full_name.clear();
            }
            _ => row.registration_date = far_future(dice),
        }
        row
    }
}

impl Spoil for MembershipRow {
    fn spoilt(&self, dice: &mut Dice, fresh: String) -> Self {
        let mut row = Self { kind: "Relative".to_owned(), ..self.clone() };
        match dice.below(4) {
            0 | 1 => row.household_external_id = format!("HH-{fresh}"),
            2 => row.individual_external_id = format!("IND-{fresh}"),
            _ => {
                row.household_external_id = format!("HH-{fresh}");
                row.start_date = impossible(dice);
            }
        }
        row
    }
}

impl Spoil for IdRow {
    fn spoilt(&self, dice: &mut Dice, fresh: String) -> Self {
        let mut row = self.clone();
        match dice.below(3) {
            0 => row.individual_external_id = format!("IND-{fresh}"),
            1 => row.value.clear(),
            _ => row.id_type = dice.pick(&["NATIONAL-1D", "LIBRARY_TICKET", ""]).to_owned(),
        }
        row
    }
}

impl Spoil for PhoneRow {
    fn spoilt(&self, dice: &mut Dice, fresh: String) -> Self {
        let mut row = self.clone();
        match dice.below(4) {
            0 => row.phone = dice.pick(&["12", "none", "0", "+254", "call the neighbour"]).to_owned(),
            1 => row.phone = format!("+254{}", "7".repeat(18)),
            2 => row.phone.clear(),
            _ => row.individual_external_id = format!("IND-{fresh}"),
        }
        row
    }
}
