//! International bank account numbers (ISO 13616).

/// Why a text is no IBAN. Says nothing of the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IbanFault {
    /// Not two capital letters, two digits, then capital letters and digits.
    Form,
    /// No country with IBANs has these letters.
    Country,
    /// Of another country than the bank.
    OtherCountry,
    /// Not as long as those of its country.
    Length,
    /// The check digits do not fit: something was mistyped.
    CheckDigits,
}

impl IbanFault {
    /// The fault in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Form => {
                "account_number: must be an IBAN: two capital letters, two digits, then capital letters and digits, no spaces"
            }
            Self::Country => {
                "account_number: must be an IBAN, and no country with IBANs has these two letters"
            }
            Self::OtherCountry => "account_number: the IBAN is of another country than the bank",
            Self::Length => "account_number: the IBAN is not as long as those of its country",
            Self::CheckDigits => {
                "account_number: the check digits of the IBAN do not fit, something in it is mistyped"
            }
        }
    }
}

/// Length of the IBANs of each country that has them, after the registry of ISO 13616.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HN", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

/// Checks a number in the form that systems exchange: capital letters, no spaces. `country` is the bank's (ISO 3166, two
/// letters), empty when nobody said.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_iban(text: &str, country: &str) -> Result<(), IbanFault> {
    let bytes = text.as_bytes();
    let letters = bytes.iter().take(2).all(u8::is_ascii_uppercase);
    let digits = bytes.iter().skip(2).take(2).all(u8::is_ascii_digit);
    let rest = bytes.iter().skip(4).all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if bytes.len() < 5 || !letters || !digits || !rest {
        return Err(IbanFault::Form);
    }
    let own = text.get(..2).unwrap_or_default();
    let (_, length) = LENGTHS.iter().find(|(known, _)| *known == own).ok_or(IbanFault::Country)?;
    if !country.is_empty() && own != country {
        return Err(IbanFault::OtherCountry);
    }
    if bytes.len() != *length {
        return Err(IbanFault::Length);
    }
    // 00, 01 and 99 would fit some numbers too, but are never given out.
    let check: u32 = text.get(2..4).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    if !(2..=98).contains(&check) || remainder(text) != 1 {
        return Err(IbanFault::CheckDigits);
    }
    Ok(())
}

/// What is left of the number divided by 97: its first four characters moved to the end, letters as 10 to 35.
fn remainder(text: &str) -> u32 {
    let (front, rest) = text.split_at_checked(4).unwrap_or(("", text));
    rest.chars().chain(front.chars()).filter_map(|c| c.to_digit(36)).fold(0, |sum, digit| {
        let shift = if digit > 9 { 100 } else { 10 };
        (sum * shift + digit) % 97
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;

    use super::{IbanFault, LENGTHS, check_iban, remainder};

    /// The IBAN of a country with this national number.
    fn made(country: &str, national: &str) -> String {
        let check = 98 - remainder(&format!("{country}00{national}"));
        format!("{country}{check:02}{national}")
    }

    #[test]
    fn numbers_of_the_registry_are_taken() {
        for text in [
            "GB82WEST12345698765432",
            "DE89370400440532013000",
            "FR1420041010050500013M02606",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "SA0380000000608010167519",
            "BR1800360305000010009795493C1",
            "LC55HEMM000100010012001200023015",
            "MU17BOMM0101101030300200000MUR",
            "EG380019000500000000263180002",
        ] {
            assert_eq!(check_iban(text, &text[..2]), Ok(()), "{text}");
            assert_eq!(check_iban(text, ""), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        for (text, country, fault) in [
            ("", "", IbanFault::Form),
            ("GB82", "", IbanFault::Form),
            ("gb82west12345698765432", "", IbanFault::Form),
            ("GB82 WEST 1234 5698 7654 32", "", IbanFault::Form),
            ("GB8ZWEST12345698765432", "", IbanFault::Form),
            ("1234567890", "", IbanFault::Form),
            ("GB82WEST1234569876543é", "", IbanFault::Form),
            ("KE82WEST12345698765432", "", IbanFault::Country),
            ("GB82WEST12345698765432", "DE", IbanFault::OtherCountry),
            ("GB82WEST1234569876543", "GB", IbanFault::Length),
            ("GB82WEST12345698765431", "GB", IbanFault::CheckDigits),
        ] {
            assert_eq!(check_iban(text, country), Err(fault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_number_with_its_check_digits_is_taken_and_one_mistyped_character_is_not(
            which in 0..LENGTHS.len(), filling in "[0-9A-Z]{30}", at in 4..32_usize, other in "[0-9A-Z]",
        ) {
            let (country, length) = LENGTHS[which];
            let iban = made(country, &filling[..length - 4]);
            prop_assert_eq!(check_iban(&iban, country), Ok(()));
            let at = 4 + (at - 4) % (length - 4);
            let mut mistyped = iban.clone();
            mistyped.replace_range(at..=at, &other);
            // A letter for a digit may hide in the remainder; within letters and within digits nothing does.
            let same_kind = iban.as_bytes()[at].is_ascii_digit() == other.as_bytes()[0].is_ascii_digit();
            if mistyped != iban && same_kind {
                prop_assert_eq!(check_iban(&mistyped, country), Err(IbanFault::CheckDigits));
            }
            let longer = format!("{iban}0");
            prop_assert_eq!(check_iban(&longer, country), Err(IbanFault::Length));
        }

        #[test]
        fn two_neighbouring_digits_that_change_places_are_noticed(which in 0..LENGTHS.len(), filling in "[0-9]{30}", at in 0..28_usize) {
            let (country, length) = LENGTHS[which];
            let iban = made(country, &filling[..length - 4]);
            let at = 4 + at % (length - 5);
            let mut bytes = iban.clone().into_bytes();
            bytes.swap(at, at + 1);
            let swapped = String::from_utf8(bytes).unwrap();
            if swapped != iban {
                prop_assert_eq!(check_iban(&swapped, country), Err(IbanFault::CheckDigits));
            }
        }

        #[test]
        fn any_text_is_looked_at_without_panic(text in ".*", country in "([A-Z]{2})?") {
            let _ = check_iban(&text, &country);
        }
    }
}
