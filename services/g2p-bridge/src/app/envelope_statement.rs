//! The statement of one envelope: every payment with what became of it, the totals, and whether the bank says the same.
//!
//! It is written to a temporary file first, within one snapshot of the database, and sent from there: however slowly it is
//! fetched, no transaction waits for it, a million rows take the memory of one chunk, and the digest is known before the first
//! byte leaves. It holds no moment but those of its data, so as long as nothing changes it is the same bytes each time.

use std::{collections::BTreeMap, io::SeekFrom};

use g2p_crypto::{Sha256, sign_attached};
use platform::{ApiError, ApiResult, Ctx, clock::rfc3339};
use serde::{Deserialize, Serialize};
use storage::StoreError;
use time::OffsetDateTime;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
    sync::Semaphore,
};

use super::{App, READ, statement_csv as csv};
use crate::{
    domain::{
        disbursement::State as Payment,
        envelope,
        reckoning::{Figures, Reckoning, Sum},
    },
    store::{
        envelopes::{self, Envelope},
        plan,
        statement_rows::{self, StatementRow},
    },
};

/// Payments read in one go.
const CHUNK: i64 = 5_000;
/// Bytes copied in one go.
const PIECE: usize = 64 * 1024;
/// Statements written at a time in one process, so that they do not take the database from the payments.
static AT_A_TIME: Semaphore = Semaphore::const_new(2);
/// Different reasons that are counted; banks use few.
const MOST_REASONS: usize = 500;

/// The totals of a statement, and what else its head and its paper form say.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The envelope.
    pub envelope: Envelope,
    /// The sums and whether they agree.
    pub reckoning: Reckoning,
    /// Payments that did not reach their payee, by state and reason.
    pub reasons: BTreeMap<(String, String), Sum>,
    /// When the newest of all this changed.
    pub as_of: OffsetDateTime,
}

/// A statement, ready to be sent.
#[derive(Debug)]
pub struct EnvelopeStatement {
    /// Its totals.
    pub summary: Summary,
    /// The CSV file, from its beginning. Nameless: it goes when this is dropped.
    pub file: File,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// What the bridge signs about a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What this is: `g2p-bridge envelope statement`.
    pub what: String,
    /// The envelope.
    pub envelope_id: String,
    /// When the newest thing in the statement changed, RFC 3339.
    pub as_of: String,
    /// ISO 4217.
    pub currency: String,
    /// Sum of the payments that are paid, as a decimal text.
    pub paid: String,
    /// Whether the bank's statements on file say the same.
    pub agrees_with_bank: bool,
    /// Length of `statement.csv`.
    pub bytes: u64,
    /// SHA-256 of `statement.csv`, hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// What stands in [`Manifest::what`].
    pub const WHAT: &'static str = "g2p-bridge envelope statement";
}

impl EnvelopeStatement {
    /// What is to be signed.
    ///
    /// # Errors
    /// When the envelope's currency is not known here.
    pub fn manifest(&self) -> ApiResult<Manifest> {
        let envelope = &self.summary.envelope;
        let paid = super::status::decimal(self.summary.reckoning.figures.paid.minor, &envelope.currency)?;
        Ok(Manifest {
            what: Manifest::WHAT.to_owned(),
            envelope_id: envelope.envelope_id.clone(),
            as_of: rfc3339(self.summary.as_of),
            currency: envelope.currency.clone(),
            paid: paid.into_string(),
            agrees_with_bank: self.summary.reckoning.agrees_with_bank(),
            bytes: self.bytes,
            sha256: self.sha256.clone(),
        })
    }

    /// The signed manifest: a JSON Web Signature in compact form that carries it.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn signature(&self, app: &App) -> ApiResult<String> {
        let manifest = serde_json::to_vec(&self.manifest()?).map_err(ApiError::internal)?;
        sign_attached(&app.keys, &manifest).map_err(ApiError::internal)
    }
}

/// Writes the statement of an envelope.
///
/// # Errors
/// 403, 404, or the database's and the disk's faults.
pub async fn write(app: &App, ctx: &Ctx, id: &str) -> ApiResult<EnvelopeStatement> {
    ctx.require(READ)?;
    let _turn = AT_A_TIME.acquire().await.map_err(ApiError::internal)?;
    let mut rows = temporary()?;
    let summary = collect(app, ctx.tenant.as_str(), id, &mut rows).await?;
    let head = csv::head(&summary)?;
    let mut file = temporary()?;
    let (bytes, sha256) = join(&head, &mut rows, &mut file).await.map_err(ApiError::internal)?;
    Ok(EnvelopeStatement { summary, file, bytes, sha256 })
}

fn temporary() -> ApiResult<File> {
    tempfile::tempfile().map(File::from_std).map_err(ApiError::internal)
}

/// Writes the rows and sums them up, all in one snapshot.
async fn collect(app: &App, tenant: &str, id: &str, rows: &mut File) -> ApiResult<Summary> {
    let tx = app.db.begin().await?;
    statement_rows::one_moment(&tx).await?;
    plan::afresh(&tx).await?;
    let envelope =
        envelopes::find(&tx, tenant, id).await?.ok_or_else(|| ApiError::not_found("this envelope"))?;
    let mut totals = Totals::of(&envelope)?;
    let mut after = -1;
    loop {
        let chunk = statement_rows::next(&tx, tenant, id, after, CHUNK).await?;
        let Some(last) = chunk.last() else { break };
        after = last.seq;
        for row in &chunk {
            totals.add(row)?;
        }
        let text = csv::rows(&chunk, &envelope.currency)?;
        rows.write_all(&text).await.map_err(ApiError::internal)?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    rows.flush().await.map_err(ApiError::internal)?;
    Ok(Summary {
        reckoning: Reckoning::of(totals.figures),
        reasons: totals.reasons,
        as_of: totals.as_of,
        envelope,
    })
}

/// Head and rows in one file, with their length and digest.
async fn join(head: &[u8], rows: &mut File, file: &mut File) -> std::io::Result<(u64, String)> {
    let mut digest = Sha256::default();
    digest.update(head);
    file.write_all(head).await?;
    let mut bytes = head.len() as u64;
    rows.seek(SeekFrom::Start(0)).await?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = rows.read(&mut piece).await?;
        let Some(part) = piece.get(..read).filter(|part| !part.is_empty()) else { break };
        digest.update(part);
        file.write_all(part).await?;
        bytes += part.len() as u64;
    }
    file.flush().await?;
    file.seek(SeekFrom::Start(0)).await?;
    let hex = digest.finish().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, hex))
}

struct Totals {
    figures: Figures,
    reasons: BTreeMap<(String, String), Sum>,
    as_of: OffsetDateTime,
}

impl Totals {
    fn of(envelope: &Envelope) -> ApiResult<Self> {
        let sum = |count, minor| Sum { count, minor };
        let cancelled = envelope.state()? == envelope::State::Cancelled;
        let moments = [envelope.released_at, envelope.funds_blocked_at, envelope.closed_at];
        Ok(Self {
            figures: Figures {
                declared: sum(envelope.declared_count, envelope.declared_minor),
                // Cancelling an envelope cancels its payments and leaves what was admitted.
                admitted: (!cancelled).then(|| sum(envelope.received_count, envelope.received_minor)),
                blocked: envelope.blocked_minor,
                released: envelope.released_at.and(envelope.released_minor),
                ..Figures::default()
            },
            reasons: BTreeMap::new(),
            as_of: moments.into_iter().flatten().fold(envelope.state_since, OffsetDateTime::max),
        })
    }

    fn add(&mut self, row: &StatementRow) -> ApiResult<()> {
        let unknown =
            || StoreError::Other(format!("disbursements.state is '{}', which is not known here", row.state));
        let figures = &mut self.figures;
        let state = Payment::parse(&row.state).ok_or_else(unknown)?;
        if !row.fits(state) {
            figures.mismatched.add(row.amount_minor);
        }
        let sum = match state {
            Payment::Paid => &mut figures.paid,
            Payment::Reversed => &mut figures.reversed,
            Payment::Rejected if row.was_sent => &mut figures.rejected_by_bank,
            Payment::Rejected => &mut figures.rejected_unsent,
            Payment::Cancelled => &mut figures.cancelled,
            Payment::Received
            | Payment::Resolved
            | Payment::Sending
            | Payment::Unknown
            | Payment::Accepted => &mut figures.open,
        };
        sum.add(row.amount_minor);
        figures.bank_debits = figures.bank_debits.plus(Sum { count: row.debits, minor: row.debit_minor });
        figures.bank_reversals =
            figures.bank_reversals.plus(Sum { count: row.reversals, minor: row.reversal_minor });
        self.as_of = self.as_of.max(row.updated_at);
        if row.state != Payment::Paid.as_str() {
            let key = (row.state.clone(), row.reason.clone().unwrap_or_default());
            if self.reasons.len() < MOST_REASONS || self.reasons.contains_key(&key) {
                self.reasons.entry(key).or_default().add(row.amount_minor);
            }
        }
        Ok(())
    }
}
