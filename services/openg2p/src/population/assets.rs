//! What a household owns, and how many points of the poverty score each thing is worth.
//!
//! One table serves both the generator and [`score_definition`], so that the two cannot drift apart.

use serde_json::{Value, json};

use super::dice::Dice;
use super::rows::HouseholdRow;

/// One possible value of a column.
struct Level {
    value: &'static str,
    /// Points of the poverty score.
    points: i64,
    /// Wealth (0 to 1,000) from which households tend to have it.
    from: i32,
}

const fn level(value: &'static str, points: i64, from: i32) -> Level {
    Level { value, points, from }
}

/// A column with a fixed list of values, poorest first.
struct Asset {
    column: &'static str,
    levels: &'static [Level],
    field: fn(&mut HouseholdRow) -> &mut String,
}

const ASSETS: &[Asset] = &[
    Asset {
        column: "roof",
        levels: &[
            level("grass", 0, 0),
            level("iron_sheets", 5, 260),
            level("tiles", 8, 720),
            level("concrete", 10, 860),
        ],
        field: |row| &mut row.roof,
    },
    Asset {
        column: "wall",
        levels: &[
            level("mud", 0, 0),
            level("timber", 3, 310),
            level("brick", 8, 600),
            level("concrete_block", 10, 820),
        ],
        field: |row| &mut row.wall,
    },
    Asset {
        column: "floor",
        levels: &[level("earth", 0, 0), level("cement", 7, 450), level("tiles", 10, 800)],
        field: |row| &mut row.floor,
    },
    Asset {
        column: "water_source",
        levels: &[
            level("surface", 0, 0),
            level("well", 3, 150),
            level("borehole", 5, 350),
            level("public_tap", 7, 560),
            level("piped", 10, 760),
        ],
        field: |row| &mut row.water_source,
    },
    Asset {
        column: "toilet",
        levels: &[
            level("none", 0, 0),
            level("pit", 4, 200),
            level("improved_pit", 7, 520),
            level("flush", 10, 790),
        ],
        field: |row| &mut row.toilet,
    },
    Asset {
        column: "electricity",
        levels: &[level("none", 0, 0), level("solar", 5, 380), level("grid", 10, 640)],
        field: |row| &mut row.electricity,
    },
    Asset {
        column: "cooking_fuel",
        levels: &[
            level("firewood", 0, 0),
            level("charcoal", 3, 350),
            level("kerosene", 4, 550),
            level("gas", 8, 690),
            level("electricity", 8, 920),
        ],
        field: |row| &mut row.cooking_fuel,
    },
    Asset {
        column: "phone_owned",
        levels: &[level("false", 0, 0), level("true", 3, 200)],
        field: |row| &mut row.phone_owned,
    },
    Asset {
        column: "radio",
        levels: &[level("false", 0, 0), level("true", 2, 320)],
        field: |row| &mut row.radio,
    },
    Asset { column: "tv", levels: &[level("false", 0, 0), level("true", 6, 620)], field: |row| &mut row.tv },
    Asset {
        column: "bicycle",
        levels: &[level("false", 0, 0), level("true", 3, 480)],
        field: |row| &mut row.bicycle,
    },
    Asset {
        column: "motorcycle",
        levels: &[level("false", 0, 0), level("true", 6, 780)],
        field: |row| &mut row.motorcycle,
    },
];

/// A number column: from this many (in hundredths) on, so many points.
struct Scale {
    column: &'static str,
    bands: &'static [(u32, i64)],
}

const SCALES: &[Scale] = &[
    Scale { column: "livestock_count", bands: &[(0, 0), (100, 1), (300, 2), (600, 3), (1100, 4)] },
    Scale { column: "land_hectares", bands: &[(0, 0), (50, 1), (200, 2), (500, 3)] },
    Scale { column: "rooms", bands: &[(0, 0), (200, 2), (300, 3), (400, 5)] },
];

/// Fills the asset columns of `row`. `wealth` runs from 0 (poorest) to 1,000.
pub(crate) fn furnish(dice: &mut Dice, row: &mut HouseholdRow, wealth: i32, town: bool) {
    for asset in ASSETS {
        let means = wealth + dice.range(-180, 180);
        let owned = asset.levels.iter().rev().find(|level| level.from <= means.max(0));
        owned.map_or("", |level| level.value).clone_into((asset.field)(row));
    }
    let means = u64::try_from(wealth).unwrap_or(0);
    let livestock = if town { dice.below(2) } else { dice.below(3 + means / 70) };
    row.livestock_count = livestock.to_string();
    let land = if town { dice.below(20) } else { dice.below(60 + means * 2 / 3) };
    row.land_hectares = format!("{}.{:02}", land / 100, land % 100);
    row.rooms = (1 + dice.below(2 + means / 200)).to_string();
}

/// The poverty score of the demo: the sum of the points of each asset, 0 (poorest) to 100, whole numbers.
///
/// `items` has two types. `category` looks the text of the column up in `points`. `bands` takes the points of the
/// highest band whose `from` (a decimal number) is not above the number in the column. A value that is missing or
/// not listed counts `missing` points.
#[must_use]
pub fn score_definition() -> Value {
    let categories = ASSETS.iter().map(|asset| {
        let points: serde_json::Map<String, Value> =
            asset.levels.iter().map(|level| (level.value.to_owned(), level.points.into())).collect();
        json!({ "attribute": asset.column, "type": "category", "points": points, "missing": 0 })
    });
    let scales = SCALES.iter().map(|scale| {
        let bands: Vec<Value> = scale
            .bands
            .iter()
            .map(|(from, points)| json!({ "from": f64::from(*from) / 100.0, "points": points }))
            .collect();
        json!({ "attribute": scale.column, "type": "bands", "bands": bands, "missing": 0 })
    });
    json!({
        "name": "poverty_score",
        "target": "household",
        "description": "Points for what a household owns; the lower, the poorer.",
        "intercept": 0,
        "minimum": 0,
        "maximum": 100,
        "items": categories.chain(scales).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_best_of_everything_scores_100() {
        let best = |points: Vec<i64>| points.into_iter().max().unwrap();
        let assets: i64 = ASSETS.iter().map(|a| best(a.levels.iter().map(|l| l.points).collect())).sum();
        let scales: i64 = SCALES.iter().map(|s| best(s.bands.iter().map(|b| b.1).collect())).sum();
        assert_eq!(assets + scales, 100);
    }

    #[test]
    fn every_scored_attribute_is_a_column() {
        use crate::population::rows::Sheet;
        let definition = score_definition();
        for item in definition.get("items").and_then(Value::as_array).unwrap() {
            let column = item.get("attribute").and_then(Value::as_str).unwrap();
            assert!(HouseholdRow::HEADER.contains(&column), "{column}");
        }
    }
}
