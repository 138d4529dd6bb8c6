//! The rows of the seven files: the header of each file is exactly the field names, in this order.
//!
//! All fields are text, because some rows are wrong on purpose. None of the rows has `Debug`: they hold names,
//! phones and accounts.

use serde::{Deserialize, Serialize};

/// A row type and the file it belongs to.
pub trait Sheet: Serialize + for<'de> Deserialize<'de> {
    /// File name inside the data directory.
    const FILE: &'static str;
    /// Column names in order.
    const HEADER: &'static [&'static str];
}

macro_rules! sheet {
    ($(#[$meta:meta])* $name:ident, $file:literal, { $($(#[$about:meta])* $field:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name { $($(#[$about])* pub $field: String),+ }

        impl Sheet for $name {
            const FILE: &'static str = $file;
            const HEADER: &'static [&'static str] = &[$(stringify!($field)),+];
        }
    };
}

sheet!(
    /// One household with the assets its poverty score is computed from.
    HouseholdRow, "households.csv", {
        /// `HH-` and eight digits.
        external_id,
        /// Name of the household, after its first member.
        name,
        /// Always `Household`.
        kind,
        /// Plot and village; several households may share one.
        address,
        village, district, region,
        /// ISO 3166-1 alpha-2.
        country,
        /// Degrees with five decimals.
        latitude, longitude,
        roof, wall, floor, water_source, toilet, electricity, cooking_fuel,
        /// `true` or `false`, as the four that follow.
        phone_owned, radio, tv, bicycle, motorcycle,
        /// Whole number.
        livestock_count,
        /// Two decimals.
        land_hectares,
        /// Whole number, at least 1.
        rooms,
        /// `YYYY-MM-DD`.
        registration_date,
    }
);

sheet!(
    /// One entry of a person. A person entered twice has two rows with different external ids.
    IndividualRow, "individuals.csv", {
        /// `IND-` and eight digits.
        external_id,
        given_name,
        /// Empty where the culture has none (the father's name is then the additional name).
        family_name,
        additional_name,
        /// The names in the order of the culture.
        full_name,
        /// `female` or `male`.
        gender,
        /// `YYYY-MM-DD`; empty in some second entries.
        birth_date,
        birth_place, email,
        marital_status, education, employment_status, disability,
        /// ISO 639 code of the language at home.
        language,
        /// `YYYY-MM-DD`.
        registration_date,
    }
);

sheet!(
    /// Who belongs to which household, and as what.
    MembershipRow, "memberships.csv", {
        household_external_id, individual_external_id,
        /// One of [`super::MEMBERSHIP_KINDS`].
        kind,
        /// For example `wife`, `son`, `mother`, `orphan`; `unknown` where the household has no Head.
        relationship_to_head,
        /// `YYYY-MM-DD`.
        start_date,
    }
);

sheet!(
    /// One identity document of a person.
    IdRow, "ids.csv", {
        individual_external_id,
        /// One of [`super::ID_TYPES`].
        id_type,
        value,
        /// `YYYY-MM-DD` or empty.
        expiry_date,
    }
);

sheet!(
    /// One phone number of a person, as an officer would write it down.
    PhoneRow, "phones.csv", {
        individual_external_id,
        /// National or international form, with or without spaces.
        phone,
        /// ISO 3166-1 alpha-2: where a national form is to be read.
        country,
    }
);

sheet!(
    /// Where the Head of a household wants the money; one row per Head.
    AccountRow, "accounts.csv", {
        individual_external_id,
        /// `BANK`, `MOBILE_WALLET` or `NONE`.
        kind,
        bank_code, bank_name, branch_code, branch_name, account_number,
        wallet_provider_code, wallet_provider_name,
        /// E.164, of the wallet; empty otherwise.
        phone,
    }
);

sheet!(
    /// Two rows of `individuals.csv` that are the same person.
    TruthRow, "truth.csv", {
        /// The first entry.
        external_id_a,
        /// The second entry.
        external_id_b,
        /// What differs, separated by `;`.
        error_kinds,
    }
);
