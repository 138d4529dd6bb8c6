//! One chunk of an import: read, checked, written, its outcomes recorded.

use std::collections::HashMap;

use jobs::{JobError, RunningJob};
use sea_orm::DatabaseTransaction;
use serde_json::Value;
use storage::StoreResult;
use uuid::Uuid;

use super::{links, registrants};
use crate::{
    State,
    domain::{
        dates,
        kind::ImportKind,
        mapping::ColumnMap,
        rows::{self, Input, RowError, RowRules},
        staging::Staged,
    },
    events::RegistrantKind,
    store::{
        Change,
        imports::{self, Chunk, Import, RowOutcome, Tally},
        reference,
    },
};

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Created,
    Updated,
    Unchanged,
    Rejected(RowError),
}

/// A row that passed the checks that need no database.
pub(super) struct Item<T> {
    pub row_no: i64,
    pub input: T,
}

/// Row and verdict.
pub(super) type Verdicts = Vec<(i64, Verdict)>;

/// What the kinds of file have in common while they are written.
pub(super) struct Work<'a> {
    pub state: &'a State,
    pub tx: &'a DatabaseTransaction,
    pub change: Change,
    pub dry_run: bool,
    /// Key of the events: those of one import keep their order.
    pub key: String,
}

/// A row of the chunk.
struct Checked {
    row_no: i64,
    fields: Vec<String>,
    outcome: Result<Input, RowError>,
}

/// Works on one chunk. Everything happens in one transaction that only the holder of the job can commit.
pub(super) async fn run(
    state: &State,
    job: &RunningJob,
    import: &Import,
    chunk: Chunk,
) -> Result<(), JobError> {
    let fatal =
        |what: &str| JobError::Fatal(format!("the {what} of import {} cannot be read", import.import_id));
    let kind = ImportKind::parse(&import.kind).ok_or_else(|| fatal("kind"))?;
    let columns = import.columns.clone().ok_or_else(|| fatal("columns"))?;
    let columns: ColumnMap = serde_json::from_value(columns).map_err(|_| fatal("columns"))?;
    let staged: Vec<Staged> = serde_json::from_slice(&chunk.rows).map_err(|_| fatal("rows"))?;

    let now = state.clock.now();
    let rules = RowRules {
        latest: dates::latest(now),
        default_country: state.config.default_country.clone(),
        reference: reference::load(state.db.conn(), &job.tenant).await?,
    };
    // Reading 2,000 phone numbers takes a tenth of a second: not on a thread that serves others.
    let checked =
        tokio::task::spawn_blocking(move || check(kind, &columns, &rules, chunk.first_row, staged)).await?;

    let tx = state.db.begin().await?;
    job.guard(&tx).await?;
    let work = Work {
        state,
        tx: &tx,
        change: Change {
            tenant: job.tenant.clone(),
            actor: import.actor.clone(),
            reason: format!("import {}", import.import_id),
            at: now,
        },
        dry_run: import.dry_run,
        key: format!("import:{}", import.import_id),
    };
    let (outcomes, tally) = write(&work, kind, import.import_id, checked).await?;
    let rows_done = chunk.first_row - 2 + i64::try_from(outcomes.len()).unwrap_or_default();
    imports::finish_chunk(&tx, &job.tenant, import.import_id, chunk.chunk_no, outcomes, tally, now).await?;
    job.progress_in(&tx, rows_done, import.total).await?;
    tx.commit().await?;
    Ok(())
}

fn check(
    kind: ImportKind,
    columns: &ColumnMap,
    rules: &RowRules,
    first_row: i64,
    staged: Vec<Staged>,
) -> Vec<Checked> {
    let too_large = |code: &str| {
        let (code, why) = match code {
            crate::domain::staging::TOO_MANY_COLUMNS => {
                ("too_many_columns", "has more columns than the limit")
            }
            _ => ("row_too_long", "has more bytes than the limit"),
        };
        RowError { column: String::new(), code, reason: format!("the row {why}") }
    };
    (first_row..)
        .zip(staged)
        .map(|(row_no, row)| match row {
            Staged::Fields(fields) => {
                let outcome = rows::read(kind, &fields, columns, rules);
                Checked { row_no, fields, outcome }
            }
            Staged::Refused(code) => Checked { row_no, fields: Vec::new(), outcome: Err(too_large(&code)) },
        })
        .collect()
}

/// Writes what can be written and says what became of each row, in the order of the rows.
async fn write(
    work: &Work<'_>,
    kind: ImportKind,
    import_id: Uuid,
    checked: Vec<Checked>,
) -> StoreResult<(Vec<RowOutcome>, Tally)> {
    let mut fields: HashMap<i64, Vec<String>> = HashMap::with_capacity(checked.len());
    let mut keys: HashMap<i64, Uuid> = HashMap::with_capacity(checked.len());
    let mut verdicts: Verdicts = Vec::with_capacity(checked.len());
    let mut inputs = Vec::with_capacity(checked.len());
    for row in checked {
        fields.insert(row.row_no, row.fields);
        match row.outcome {
            Ok(input) => inputs.push(Item { row_no: row.row_no, input }),
            Err(error) => verdicts.push((row.row_no, Verdict::Rejected(error))),
        }
    }
    let inputs = without_repeated(work, kind, import_id, inputs, &mut keys, &mut verdicts).await?;
    verdicts.extend(apply(work, kind, inputs).await?);
    verdicts.sort_unstable_by_key(|(row_no, _)| *row_no);

    let mut tally = Tally::default();
    let outcomes = verdicts
        .into_iter()
        .map(|(row_no, verdict)| outcome(row_no, verdict, &keys, &mut fields, &mut tally))
        .collect();
    Ok((outcomes, tally))
}

/// Takes out the rows whose key stood in an earlier row of the same file: two rows about one thing would overwrite each
/// other on every import.
async fn without_repeated(
    work: &Work<'_>,
    kind: ImportKind,
    import_id: Uuid,
    inputs: Vec<Item<Input>>,
    keys: &mut HashMap<i64, Uuid>,
    verdicts: &mut Verdicts,
) -> StoreResult<Vec<Item<Input>>> {
    let hashes: Vec<Uuid> = inputs.iter().map(|item| item.input.key_hash()).collect();
    let earlier = imports::earlier_keys(work.tx, &work.change.tenant, import_id, hashes.clone()).await?;
    let mut seen: HashMap<Uuid, i64> = earlier.into_iter().collect();
    let mut kept = Vec::with_capacity(inputs.len());
    for (item, hash) in inputs.into_iter().zip(hashes) {
        match seen.get(&hash) {
            // The same number twice says the same twice.
            Some(_) if kind == ImportKind::Phones => verdicts.push((item.row_no, Verdict::Unchanged)),
            Some(row) => {
                let reason = format!("the row has the same key as row {row}; a file may say one thing once");
                let error = RowError { column: String::new(), code: "repeated_key", reason };
                verdicts.push((item.row_no, Verdict::Rejected(error)));
            }
            None => {
                seen.insert(hash, item.row_no);
                keys.insert(item.row_no, hash);
                kept.push(item);
            }
        }
    }
    Ok(kept)
}

async fn apply(work: &Work<'_>, kind: ImportKind, inputs: Vec<Item<Input>>) -> StoreResult<Verdicts> {
    macro_rules! only {
        ($variant:ident) => {
            inputs
                .into_iter()
                .filter_map(|item| match item.input {
                    Input::$variant(input) => Some(Item { row_no: item.row_no, input }),
                    _ => None,
                })
                .collect::<Vec<_>>()
        };
    }
    match kind {
        ImportKind::Households => registrants::apply(work, RegistrantKind::Group, only!(Registrant)).await,
        ImportKind::Individuals => {
            registrants::apply(work, RegistrantKind::Individual, only!(Registrant)).await
        }
        ImportKind::Memberships => links::memberships(work, only!(Membership)).await,
        ImportKind::Ids => links::identifiers(work, only!(Identifier)).await,
        ImportKind::Phones => links::phones(work, only!(Phone)).await,
        ImportKind::Relationships => links::relationships(work, only!(Relationship)).await,
    }
}

fn outcome(
    row_no: i64,
    verdict: Verdict,
    keys: &HashMap<i64, Uuid>,
    fields: &mut HashMap<i64, Vec<String>>,
    tally: &mut Tally,
) -> RowOutcome {
    let key_hash = keys.get(&row_no).copied();
    let plain = |outcome: &str| RowOutcome {
        row_no,
        outcome: outcome.to_owned(),
        key_hash,
        column_name: None,
        code: None,
        reason: None,
        record: None,
    };
    match verdict {
        Verdict::Created => {
            tally.created += 1;
            plain("created")
        }
        Verdict::Updated => {
            tally.updated += 1;
            plain("updated")
        }
        Verdict::Unchanged => {
            tally.unchanged += 1;
            plain("unchanged")
        }
        Verdict::Rejected(error) => {
            tally.rejected += 1;
            RowOutcome {
                // A row that was refused does not stand in the way of a later one about the same thing.
                key_hash: None,
                column_name: (!error.column.is_empty()).then_some(error.column),
                code: Some(error.code.to_owned()),
                reason: Some(error.reason),
                record: fields.remove(&row_no).map(stored_record),
                ..plain("rejected")
            }
        }
    }
}

/// The row as the rejects file gives it back. Postgres cannot hold the character NUL.
fn stored_record(fields: Vec<String>) -> Value {
    let clean = |f: String| if f.contains('\0') { f.replace('\0', "\u{FFFD}") } else { f };
    fields.into_iter().map(|f| Value::String(clean(f))).collect()
}
