//! Checks of a model file, each error naming its place.

use super::{KeyPart, Ladder, Level, Model, ModelError};

/// How far the probabilities of one comparison may miss 1 before it is called a mistake.
const TOLERANCE: f64 = 0.02;

pub(super) fn check(model: &Model) -> Result<(), ModelError> {
    if model.version == 0 {
        return fail("version", "must be 1 or more");
    }
    let p = model.prior;
    for (name, value) in [
        ("duplicates_per_record", p.duplicates_per_record),
        ("twins_per_record", p.twins_per_record),
        ("namesakes_per_record", p.namesakes_per_record),
        ("relatives_per_record", p.relatives_per_record),
        ("register_floor", p.register_floor),
    ] {
        positive(&format!("prior.{name}"), value)?;
    }
    positive("frequency.pseudo_count", model.frequency.pseudo_count)?;
    if !model.guard.bits_without_own_evidence.is_finite() || !model.guard.conflict_bits.is_finite() {
        return fail("guard", "limits must be plain numbers");
    }
    if model.guard.largest_cluster < 2 {
        return fail("guard.largest_cluster", "must be 2 or more");
    }
    levels(model)?;
    blocking(model)
}

fn levels(model: &Model) -> Result<(), ModelError> {
    for name in model.levels.keys() {
        if !Ladder::ALL.iter().any(|l| l.name() == name) {
            return fail(&format!("levels.{name}"), "there is no comparison of this name");
        }
    }
    for ladder in Ladder::ALL {
        let place = format!("levels.{}", ladder.name());
        let Some(table) = model.levels.get(ladder.name()) else {
            return fail(&place, "is missing");
        };
        for name in table.keys() {
            if !ladder.levels().contains(&name.as_str()) {
                let known = ladder.levels().join(", ");
                return fail(&place, &format!("has no level {name:?}; its levels are {known}"));
            }
        }
        for name in ladder.levels() {
            match table.get(*name) {
                None => return fail(&place, &format!("lacks the level {name:?}")),
                Some(level) => probabilities(&format!("{place}.{name}"), *level)?,
            }
        }
        sums(&place, &table.values().copied().collect::<Vec<_>>())?;
    }
    Ok(())
}

fn probabilities(place: &str, level: Level) -> Result<(), ModelError> {
    let all = [
        Some(level.same),
        Some(level.twin),
        Some(level.namesake),
        Some(level.kin),
        Some(level.stranger),
        level.rarest,
    ];
    if all.iter().flatten().all(|p| *p > 0.0 && *p <= 1.0) {
        return Ok(());
    }
    fail(place, "every number must be above 0 and at most 1")
}

fn sums(place: &str, levels: &[Level]) -> Result<(), ModelError> {
    let total = |pick: fn(&Level) -> f64| levels.iter().map(pick).sum::<f64>();
    for (name, sum) in [
        ("same", total(|l| l.same)),
        ("twin", total(|l| l.twin)),
        ("namesake", total(|l| l.namesake)),
        ("kin", total(|l| l.kin)),
        ("stranger", total(|l| l.stranger)),
    ] {
        if (sum - 1.0).abs() > TOLERANCE {
            return fail(place, &format!("the {name:?} numbers add up to {sum:.3}, they must add up to 1"));
        }
    }
    Ok(())
}

fn blocking(model: &Model) -> Result<(), ModelError> {
    let blocking = &model.blocking;
    if !(2..=10_000).contains(&blocking.largest_block) {
        return fail("blocking.largest_block", "must lie between 2 and 10000");
    }
    if !(1..=1_000).contains(&blocking.window) {
        return fail("blocking.window", "must lie between 1 and 1000");
    }
    if blocking.rules.is_empty() || blocking.rules.len() > 32 {
        return fail("blocking.rules", "give between 1 and 32 rules");
    }
    for rule in &blocking.rules {
        let place = format!("blocking.rules {:?}", rule.name);
        if rule.key.is_empty() {
            return fail(&place, "needs at least one key part");
        }
        let many = |p: &&KeyPart| matches!(p, KeyPart::Phone | KeyPart::Identity);
        if rule.key.iter().filter(many).count() > 1 || rule.divide_by.iter().any(|p| many(&p)) {
            return fail(&place, "phone and identity may stand once in a key and never in divide_by");
        }
    }
    Ok(())
}

fn positive(place: &str, value: f64) -> Result<(), ModelError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    fail(place, "must be a number above 0")
}

fn fail(place: &str, problem: &str) -> Result<(), ModelError> {
    Err(ModelError::Invalid { place: place.to_owned(), problem: problem.to_owned() })
}
