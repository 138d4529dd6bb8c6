//! Checkpoints: every minute the service signs what all entries of the history come to. Who keeps one of them elsewhere
//! can prove later that nothing before it was changed or cut off.

use std::{collections::BTreeMap, time::Duration};

use g2p_crypto::sign_attached;
use platform::{ApiError, ApiResult, Ctx, clock::rfc3339};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use storage::{StoreError, StoreResult};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{change::EVENT_ITEMS, history::HISTORY};
use crate::{
    State,
    domain::Signers,
    events::{Change, MappingChange, MappingsChanged},
    store::{
        as_stored,
        checkpoints::{self, Checkpoint, Sum},
    },
};

/// How long to wait for transactions that may still write entries; then the next checkpoint covers them.
const WRITERS_WAIT: Duration = Duration::from_secs(20);
/// How often to look whether they ended.
const WRITERS_POLL: Duration = Duration::from_millis(20);

/// What is signed. Hashes in hexadecimal.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Statement {
    kind: String,
    no: i64,
    at: String,
    after_seq: i64,
    last_seq: i64,
    entries: i64,
    previous: String,
    root: String,
}

impl Statement {
    fn of(checkpoint: &Checkpoint, previous: &[u8]) -> Self {
        Self {
            kind: "mapping_checkpoint".to_owned(),
            no: checkpoint.no,
            at: rfc3339(checkpoint.at),
            after_seq: checkpoint.after_seq,
            last_seq: checkpoint.last_seq,
            entries: checkpoint.entries,
            previous: hex(previous),
            root: hex(&checkpoint.root),
        }
    }

    /// The statement of a signature of this service, made while its key was the service's. `earliest`: it was made later
    /// than this, whatever time it says; a stolen old key could be used to write an old time.
    fn read(signature: &str, signers: &Signers, earliest: Option<OffsetDateTime>) -> Result<Self, String> {
        let signed = signers.read(signature)?;
        let statement: Self = serde_json::from_slice(&signed.payload)
            .map_err(|e| format!("what was signed cannot be read: {e}"))?;
        let at = OffsetDateTime::parse(&statement.at, &Rfc3339).map_err(|_| "it has no time".to_owned())?;
        match signed.until {
            Some(until) if earliest.map_or(at, |earliest| earliest.max(at)) > until => {
                Err(format!("the signature is not ours: its key was retired at {}", rfc3339(until)))
            }
            _ => Ok(statement),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes a checkpoint over the entries since the last one; `None` when there are none, or when another process does it.
/// What scripts wrote is announced with it.
pub(crate) async fn make(state: &State) -> ApiResult<Option<Checkpoint>> {
    let conn = state.db.conn();
    let last_seq = checkpoints::last_seq(conn).await?;
    if checkpoints::newest(conn).await?.is_some_and(|newest| newest.last_seq >= last_seq) {
        return Ok(None);
    }
    // An entry up to this one belongs to a transaction that writes now, or is there for good.
    if !writers_ended(state).await? {
        tracing::warn!("a transaction writes mappings for long; its entries wait for the next checkpoint");
        return Ok(None);
    }
    let tx = state.db.begin().await?;
    if !checkpoints::lock(&tx).await? {
        return Ok(None);
    }
    let newest = checkpoints::newest(&tx).await?;
    let (no, after_seq, previous) =
        newest.map_or((1, 0, Vec::new()), |newest| (newest.no + 1, newest.last_seq, newest.root));
    if after_seq >= last_seq {
        return Ok(None);
    }
    let Sum { entries, root } = checkpoints::sum(&tx, previous.clone(), after_seq, last_seq).await?;
    // The statement must come out the same when it is made again from the row.
    let at = as_stored(state.clock.now());
    let mut checkpoint = Checkpoint { no, at, after_seq, last_seq, entries, root, signature: String::new() };
    let statement = serde_json::to_vec(&Statement::of(&checkpoint, &previous)).map_err(ApiError::internal)?;
    checkpoint.signature = sign_attached(&state.keys, &statement).map_err(ApiError::internal)?;
    checkpoints::insert(&tx, &checkpoint).await?;
    announce_scripts(&tx, after_seq, last_seq).await?;
    tx.commit().await.map_err(StoreError::from)?;
    // The log is a copy outside of the database.
    tracing::info!(no, entries, root = %hex(&checkpoint.root), "checkpoint of the history");
    Ok(Some(checkpoint))
}

async fn writers_ended(state: &State) -> StoreResult<bool> {
    let writers = checkpoints::writers(state.db.conn()).await?;
    if writers.is_empty() {
        return Ok(true);
    }
    let ended = async {
        while checkpoints::still_write(state.db.conn(), writers.clone()).await? {
            tokio::time::sleep(WRITERS_POLL).await;
        }
        Ok(true)
    };
    tokio::time::timeout(WRITERS_WAIT, ended).await.unwrap_or(Ok(false))
}

async fn announce_scripts(tx: &DatabaseTransaction, after: i64, last: i64) -> ApiResult<()> {
    let (mut from, limit) = (after, i64::try_from(EVENT_ITEMS).unwrap_or(i64::MAX));
    loop {
        let changes = checkpoints::script_changes(tx, from, last, limit).await?;
        let Some(end) = changes.last().map(|change| change.seq) else { return Ok(()) };
        from = end;
        let mut tenants: BTreeMap<String, Vec<MappingChange>> = BTreeMap::new();
        for change in changes {
            let Some(kind) = Change::parse(&change.change) else { continue };
            let item = MappingChange { id: change.id_value, change: kind, at: rfc3339(change.at) };
            tenants.entry(change.tenant_id).or_default().push(item);
        }
        for (tenant, items) in tenants {
            ::events::publish(tx, &tenant, "mappings", &MappingsChanged { items }).await?;
        }
    }
}

/// Checkpoints after the `after`th, oldest first.
pub(crate) async fn list(state: &State, ctx: &Ctx, after: i64, limit: i64) -> ApiResult<Vec<Checkpoint>> {
    ctx.require(HISTORY)?;
    Ok(checkpoints::list(state.db.conn(), after, limit).await?)
}

/// Something that is not as it was signed.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub(crate) no: i64,
    pub(crate) what: String,
}

/// What a check of checkpoints found.
#[derive(Debug)]
pub(crate) struct Report {
    /// Checkpoints that were checked.
    pub(crate) checked: i64,
    /// The last of them, when there are more.
    pub(crate) next: Option<i64>,
    pub(crate) flaws: Vec<Flaw>,
}

/// Checks checkpoints after the `after`th with all entries they cover, and `kept`, a signature that was kept elsewhere.
pub(crate) async fn verify(
    state: &State,
    ctx: &Ctx,
    after: i64,
    limit: i64,
    kept: Option<&str>,
) -> ApiResult<Report> {
    ctx.require(HISTORY)?;
    let conn = state.db.conn();
    let mut flaws = Vec::new();
    if let Some(kept) = kept {
        let statement = Statement::read(kept, &state.signers, None)
            .map_err(|why| ApiError::unprocessable("invalid_field", why.clone()).with_field("kept", why))?;
        let stored = checkpoints::get(conn, statement.no).await?;
        if stored.is_none_or(|stored| hex(&stored.root) != statement.root) {
            let what = "the checkpoint that was kept is missing here, or another one".to_owned();
            flaws.push(Flaw { no: statement.no, what });
        }
    }
    let mut before = checkpoints::get(conn, after).await?;
    let mut rows = checkpoints::list(conn, after, limit + 1).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let checked = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let last = rows.last().map(|row| row.no);
    for row in rows {
        for what in flaws_of(state, before.as_ref(), &row).await? {
            flaws.push(Flaw { no: row.no, what });
        }
        before = Some(row);
    }
    Ok(Report { checked, next: last.filter(|_| more), flaws })
}

async fn flaws_of(state: &State, before: Option<&Checkpoint>, row: &Checkpoint) -> StoreResult<Vec<String>> {
    let mut flaws = Vec::new();
    let (no, after_seq, previous) =
        before.map_or((1, 0, Vec::new()), |b| (b.no + 1, b.last_seq, b.root.clone()));
    if (row.no, row.after_seq) != (no, after_seq) {
        flaws.push(format!("checkpoint {no} is missing"));
    }
    match Statement::read(&row.signature, &state.signers, before.map(|before| before.at)) {
        Err(why) => flaws.push(why),
        Ok(signed) if signed != Statement::of(row, &previous) => {
            flaws.push("the checkpoint is not what was signed".to_owned());
        }
        Ok(_) => {}
    }
    let conn = state.db.conn();
    let sum = checkpoints::sum(conn, previous, row.after_seq, row.last_seq).await?;
    if sum.entries != row.entries {
        flaws.push(format!("it covers {} entries, and {} are there", row.entries, sum.entries));
    } else if sum.root != row.root {
        flaws.push("entries are not those that were signed".to_owned());
    }
    let changed = checkpoints::changed_entries(conn, row.after_seq, row.last_seq).await?;
    if changed > 0 {
        flaws.push(format!("the content of {changed} entries is not what was written"));
    }
    Ok(flaws)
}
