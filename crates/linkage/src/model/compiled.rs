//! The model as the scorer wants it: levels by number, name rules as sets.

use super::{Blocking, Level, Model};
use crate::normalise::names::NameReader;

/// Declares one comparison's levels as an enum and its names in the same order.
macro_rules! ladder {
    ($(#[$doc:meta])* $name:ident { $($(#[$level_doc:meta])* $level:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        #[repr(u8)]
        pub(crate) enum $name { $($(#[$level_doc])* $level),+ }
        impl $name {
            pub(crate) const NAMES: &'static [&'static str] = &[$($text),+];
        }
    };
}

ladder!(
    /// Own given names.
    Given {
        Exact = "exact", Transliterated = "transliterated", Variant = "variant", Slip = "slip", Typo = "typo",
        Partial = "partial", Swapped = "swapped", Near = "near", Elsewhere = "elsewhere", Conflict = "conflict",
        Different = "different",
    }
);
ladder!(
    /// Further own names.
    Other { Exact = "exact", Similar = "similar", Different = "different" }
);
ladder!(
    /// Birth dates.
    Birth {
        Exact = "exact", Swapped = "swapped", OneOff = "one_off", OneDigit = "one_digit", YearKnown = "year_known",
        YearMonth = "year_month", DayMonth = "day_month", Year = "year", NearYear = "near_year",
        Different = "different",
    }
);
ladder!(
    /// Sexes.
    SexLevel { Same = "same", Different = "different" }
);
ladder!(
    /// Identity numbers of one kind.
    Identity { Same = "same", Similar = "similar", Different = "different" }
);
ladder!(
    /// Keyed hashes of identity numbers of one kind.
    IdentityHash { Same = "same", Different = "different" }
);
ladder!(
    /// What the household lists say.
    Roster { OtherMember = "other_member", Silent = "silent" }
);
ladder!(
    /// Family names.
    Family {
        Exact = "exact", Variant = "variant", Slip = "slip", Typo = "typo", Partial = "partial", Near = "near",
        Elsewhere = "elsewhere", Different = "different",
    }
);
ladder!(
    /// Father's and mother's names together.
    Parents { Both = "both", One = "one", Mixed = "mixed", Different = "different" }
);
ladder!(
    /// Phones.
    Phone { Same = "same", Similar = "similar", Different = "different" }
);
ladder!(
    /// Address, village and district as one ladder.
    Place {
        Address = "address", AddressSimilar = "address_similar", Village = "village", District = "district",
        Different = "different",
    }
);
ladder!(
    /// Places of birth.
    BirthPlace { Same = "same", Different = "different" }
);
ladder!(
    /// Households.
    Household { Same = "same", Different = "different" }
);

/// The comparisons, own evidence first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Ladder {
    Given,
    Other,
    Birth,
    Sex,
    Identity,
    IdentityHash,
    Roster,
    Family,
    Parents,
    Phone,
    Place,
    BirthPlace,
    Household,
}

impl Ladder {
    pub(crate) const COUNT: usize = 13;
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Given,
        Self::Other,
        Self::Birth,
        Self::Sex,
        Self::Identity,
        Self::IdentityHash,
        Self::Roster,
        Self::Family,
        Self::Parents,
        Self::Phone,
        Self::Place,
        Self::BirthPlace,
        Self::Household,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Other => "other_names",
            Self::Birth => "birth",
            Self::Sex => "sex",
            Self::Identity => "identity",
            Self::IdentityHash => "identity_hash",
            Self::Roster => "roster",
            Self::Family => "family",
            Self::Parents => "parents",
            Self::Phone => "phone",
            Self::Place => "place",
            Self::BirthPlace => "birth_place",
            Self::Household => "household",
        }
    }

    pub(crate) fn levels(self) -> &'static [&'static str] {
        match self {
            Self::Given => Given::NAMES,
            Self::Other => Other::NAMES,
            Self::Birth => Birth::NAMES,
            Self::Sex => SexLevel::NAMES,
            Self::Identity => Identity::NAMES,
            Self::IdentityHash => IdentityHash::NAMES,
            Self::Roster => Roster::NAMES,
            Self::Family => Family::NAMES,
            Self::Parents => Parents::NAMES,
            Self::Phone => Phone::NAMES,
            Self::Place => Place::NAMES,
            Self::BirthPlace => BirthPlace::NAMES,
            Self::Household => Household::NAMES,
        }
    }
}

/// A checked model in the form the inner loops use.
#[derive(Clone)]
pub(crate) struct Compiled {
    levels: [Vec<Level>; Ladder::COUNT],
    pub(crate) prior: super::Prior,
    pub(crate) pseudo_count: f64,
    pub(crate) guard: super::Guard,
    pub(crate) names: NameReader,
    pub(crate) blocking: Blocking,
}

impl Compiled {
    /// A level that an unchecked model lacks counts as "says nothing" (all equal).
    pub(crate) fn new(model: &Model) -> Self {
        const SILENT: Level =
            Level { same: 1.0, twin: 1.0, namesake: 1.0, kin: 1.0, stranger: 1.0, rarest: None };
        let levels = Ladder::ALL.map(|ladder| {
            let table = model.levels.get(ladder.name());
            let find = |name: &&str| table.and_then(|t| t.get(*name)).copied().unwrap_or(SILENT);
            ladder.levels().iter().map(find).collect()
        });
        Self {
            levels,
            prior: model.prior,
            pseudo_count: model.frequency.pseudo_count,
            guard: model.guard,
            names: NameReader::new(&model.names),
            blocking: model.blocking.clone(),
        }
    }

    pub(crate) fn level(&self, ladder: Ladder, level: u8) -> Option<&Level> {
        self.levels.get(ladder as usize)?.get(usize::from(level))
    }
}
