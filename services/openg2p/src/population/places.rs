//! Where households live. One country, six regions with their own mix of cultures; district and village names are
//! made up.

use super::dice::Dice;
use super::names::CULTURES;

/// ISO 3166-1 alpha-2 of every household.
pub(crate) const COUNTRY: &str = "KE";

struct Region {
    name: &'static str,
    /// Share of the population.
    weight: u64,
    /// Centre in hundred-thousandths of a degree: latitude, longitude.
    centre: (i32, i32),
    districts: [&'static str; 5],
    /// Share of each culture, in the order of [`super::names::cultures`].
    cultures: [u64; CULTURES],
}

const REGIONS: &[Region] = &[
    Region {
        name: "Highlands",
        weight: 26,
        centre: (-50_000, 3_700_000),
        districts: ["Kirima", "Mbogoni", "Nderi", "Thaita", "Gakoro"],
        cultures: [88, 2, 2, 3, 1, 2, 2],
    },
    Region {
        name: "Lake",
        weight: 20,
        centre: (-30_000, 3_460_000),
        districts: ["Nam Dero", "Oyani", "Simbiri", "Wagusu", "Kadero"],
        cultures: [72, 3, 2, 5, 2, 14, 2],
    },
    Region {
        name: "Rift",
        weight: 17,
        centre: (50_000, 3_580_000),
        districts: ["Chemosit", "Lelmet", "Olkaran", "Sirgoi", "Tulwet"],
        cultures: [58, 12, 3, 4, 10, 3, 10],
    },
    Region {
        name: "Coast",
        weight: 15,
        centre: (-350_000, 3_950_000),
        districts: ["Bandarini", "Mkokoni", "Pwani Mpya", "Shimoni Juu", "Ungwana"],
        cultures: [44, 3, 36, 8, 6, 2, 1],
    },
    Region {
        name: "North",
        weight: 12,
        centre: (280_000, 3_800_000),
        districts: ["Balesa", "Dabel", "Galgalo", "Hurri", "Walda Jeno"],
        cultures: [22, 52, 22, 1, 1, 1, 1],
    },
    Region {
        name: "City",
        weight: 10,
        centre: (-128_000, 3_682_000),
        districts: ["Bonde", "Kijiji", "Mashariki Mpya", "Soko", "Viwandani"],
        cultures: [34, 8, 8, 20, 11, 9, 10],
    },
];

const VILLAGE_STARTS: &[&str] = &["Ka", "Mu", "Ki", "Nya", "Li", "Ol", "Ma", "Sa", "Be", "Du", "Go", "Te"];
const VILLAGE_ENDS: &[&str] =
    &["ruma", "goro", "theri", "wani", "lembe", "sanga", "bochi", "nduru", "komo", "tali"];

/// A village and the culture of one household in it.
#[derive(Clone)]
pub(crate) struct Place {
    pub village: String,
    pub district: &'static str,
    pub region: &'static str,
    /// Hundred-thousandths of a degree.
    pub latitude: i32,
    pub longitude: i32,
    /// Index into [`super::names::cultures`].
    pub culture: usize,
    /// Towns are richer and hold less land.
    pub town: bool,
}

/// Draws a place: few villages are large, most are small.
pub(crate) fn place(dice: &mut Dice) -> Place {
    let weights: Vec<(u64, usize)> =
        REGIONS.iter().enumerate().map(|(at, region)| (region.weight, at)).collect();
    let at = dice.weighted(&weights);
    let Some(region) = REGIONS.get(at) else { return Place::nowhere() };
    let district = dice.index(region.districts.len());
    // The smaller of two draws: the first villages of a district are the large ones.
    let villages = VILLAGE_STARTS.len() * VILLAGE_ENDS.len() / 3;
    let number = dice.index(villages).min(dice.index(villages));
    let (village, offset) = village(at * 5 + district, number);
    let cultures: Vec<(u64, usize)> = region.cultures.iter().copied().zip(0..).collect();
    Place {
        village,
        district: region.districts.get(district).copied().unwrap_or_default(),
        region: region.name,
        latitude: region.centre.0 + offset.0 + dice.range(-300, 300),
        longitude: region.centre.1 + offset.1 + dice.range(-300, 300),
        culture: dice.weighted(&cultures),
        town: region.name == "City" || number == 0,
    }
}

impl Place {
    fn nowhere() -> Self {
        let (village, district, region) = (String::new(), "", "");
        Self { village, district, region, latitude: 0, longitude: 0, culture: 0, town: false }
    }
}

/// Name of a village and how far it lies from the centre of its region: a function of its number alone. The step
/// is prime to the number of names, so that a district has no two villages of one name.
fn village(district: usize, number: usize) -> (String, (i32, i32)) {
    let names = VILLAGE_STARTS.len() * VILLAGE_ENDS.len();
    let at = (district * 37 + number * 7) % names;
    let start = VILLAGE_STARTS.get(at % VILLAGE_STARTS.len()).copied().unwrap_or_default();
    let end = VILLAGE_ENDS.get(at / VILLAGE_STARTS.len()).copied().unwrap_or_default();
    let spread =
        |factor: usize| i32::try_from((district * 7919 + number * factor) % 60_000).unwrap_or(0) - 30_000;
    (format!("{start}{end}"), (spread(15_485_863), spread(32_452_843)))
}

/// Degrees with five decimals, exact.
pub(crate) fn degrees(value: i32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:05}", value.abs() / 100_000, value.abs() % 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_keep_their_sign_and_zeros() {
        assert_eq!(degrees(-50_000), "-0.50000");
        assert_eq!(degrees(3_700_042), "37.00042");
        assert_eq!(degrees(0), "0.00000");
    }

    #[test]
    fn villages_of_a_district_differ() {
        let mut names: Vec<String> = (0..40).map(|number| village(3, number).0).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 40);
    }
}
