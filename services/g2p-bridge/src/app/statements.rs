//! Statement files: taken in once, worked off in the background, line by line.

use std::{collections::HashMap, sync::Arc};

use bank_formats::{
    Format,
    mt940::{self, DebitCredit},
};
use g2p_connect::reason::BridgeReason;
use g2p_crypto::sha256_hex;
use jobs::{JobError, NewJob, Next, RunningJob};
use platform::{ApiError, Ctx};
use serde::{Deserialize, Serialize};
use storage::StoreError;
use uuid::Uuid;

use super::{
    App, Failure, IMPORT,
    reconcile::{self, Source},
    require_any,
    statement_checks::{self, BALANCES_DIFFER, Sum},
};
use crate::{
    jobs::{FOREVER, kinds},
    store::{
        lines::{self, NewLine},
        programs,
        statements::{self, NewFile, NewStatement, Start},
    },
};

/// The file to work off.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatementJob {
    /// The file.
    pub file_id: Uuid,
}

/// Stores a file and has it worked off. The same bytes again give the same id and change nothing.
///
/// # Errors
/// Refused with `STATEMENT_UPLOAD_ERROR` when it holds no statement, or `INVALID_ACCOUNT_NUMBER` when none of its
/// accounts belongs to a programme.
pub async fn upload(app: &App, ctx: &Ctx, content: Vec<u8>) -> Result<Uuid, Failure> {
    require_any(ctx, IMPORT)?;
    let tenant = ctx.tenant.as_str();
    let content = Arc::new(content);
    let accounts = accounts(Arc::clone(&content)).await?;
    if accounts.is_empty() {
        return Err(Failure::refused(BridgeReason::StatementUploadError));
    }
    let mut known = false;
    for account in &accounts {
        known |= programs::account_is_known(app.db.conn(), tenant, account).await?;
    }
    if !known {
        return Err(Failure::refused(BridgeReason::InvalidAccountNumber));
    }
    let (sha256, actor) = (sha256_hex(&content), ctx.actor.label());
    let tx = app.begin().await?;
    let file =
        NewFile { file_id: Uuid::now_v7(), sha256: &sha256, content: &content, actor: &actor, at: app.now() };
    let (stored, new) = statements::put_file(&tx, tenant, file).await?;
    if new {
        let job = NewJob::new(kinds::STATEMENT, &StatementJob { file_id: stored.file_id });
        let key = stored.file_id.to_string();
        jobs::enqueue(&tx, job.tenant(tenant).key(key).max_attempts(FOREVER)).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    tracing::info!(file = %stored.file_id, new, bytes = content.len(), "statement file");
    Ok(stored.file_id)
}

/// The accounts of a file's statements, off the threads that serve requests.
async fn accounts(content: Arc<Vec<u8>>) -> Result<Vec<String>, ApiError> {
    let parsed = tokio::task::spawn_blocking(move || {
        bank_formats::statements(&content)
            .into_iter()
            .map(|s| s.account)
            .filter(|a| !a.is_empty())
            .collect::<Vec<_>>()
    });
    let mut accounts =
        parsed.await.map_err(|e| ApiError::internal(format!("reading a statement file: {e}")))?;
    accounts.sort_unstable();
    accounts.dedup();
    Ok(accounts)
}

/// Works a file off. A line that cannot be read or used costs that line only.
///
/// # Errors
/// Retried: the database's errors. Doing it twice changes nothing, each line is kept once.
pub async fn run(app: &App, job: &RunningJob) -> Result<Next, JobError> {
    let StatementJob { file_id } = job.payload()?;
    let Some(content) = statements::content(app.db.conn(), &job.tenant, file_id).await? else {
        return Err(JobError::Fatal(format!("statement file {file_id} is not there")));
    };
    let parsed = tokio::task::spawn_blocking(move || bank_formats::statements(&content)).await?;
    let total: usize = parsed.iter().map(|s| s.entries.len()).sum();
    let (total, mut done) = (i64::try_from(total).unwrap_or(i64::MAX), 0);
    for (position, statement) in (1..).zip(&parsed) {
        let head = head(app, job, file_id, position, statement).await?;
        let Some(source) = begin(app, job, &head, statement.format).await? else { continue };
        let mut ordinals = HashMap::new();
        for entries in statement.entries.chunks(app.config.statement_chunk.max(1)) {
            let lines = reconcile::to_lines(&source, entries, &mut ordinals);
            let tx = app.begin().await?;
            job.guard(&tx).await?;
            reconcile::take_in(&tx, &job.tenant, &source, lines, app.now()).await?;
            done += i64::try_from(entries.len()).unwrap_or(0);
            job.progress_in(&tx, done, total).await?;
            tx.commit().await.map_err(StoreError::from)?;
        }
        let tx = app.begin().await?;
        job.guard(&tx).await?;
        note_unreadable(app, job, &tx, &head, &source, statement).await?;
        let findings = statement_checks::number(&tx, &job.tenant, &head).await?;
        note_findings(app, job, &tx, &source, findings).await?;
        statements::finish_statement(&tx, &job.tenant, source.statement_id).await?;
        tx.commit().await.map_err(StoreError::from)?;
    }
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    statements::finish_file(&tx, &job.tenant, file_id, None, app.now()).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(Next::Done)
}

/// What stands in the statement's head, and whether its lines may be used.
async fn head(
    app: &App,
    job: &RunningJob,
    file_id: Uuid,
    position: i32,
    statement: &mt940::Statement,
) -> Result<NewStatement, JobError> {
    let known = programs::account_is_known(app.db.conn(), &job.tenant, &statement.account).await?;
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let minor = |balance: Option<mt940::Balance>| {
        balance.map(|b| match b.mark {
            DebitCredit::Credit => b.amount.minor(),
            DebitCredit::Debit => b.amount.minor().saturating_neg(),
        })
    };
    let sum = statement_checks::sum(statement);
    let (state, problem) = match sum {
        _ if !known => (Start::Error, Some(BridgeReason::InvalidAccountNumber.as_str())),
        Sum::Right | Sum::NotStated => (Start::Processing, None),
        Sum::Unproved(why) => (Start::Processing, Some(why)),
        Sum::Wrong if app.config.statement_must_add_up => (Start::Problem, Some(BALANCES_DIFFER)),
        Sum::Wrong => (Start::Processing, Some(BALANCES_DIFFER)),
    };
    Ok(NewStatement {
        statement_id: Uuid::now_v7(),
        file_id,
        position,
        account_number: statement.account.clone(),
        reference_number: filled(&statement.reference),
        // Notifications are numbered apart from statements: they are no part of their chain.
        statement_number: (statement.format != Format::Camt054)
            .then(|| statement.statement_number.to_string()),
        sequence_number: statement.sequence_number.map(|n| n.to_string()),
        currency: statement.currency().map(|c| c.code().to_owned()),
        opening_minor: minor(statement.opening),
        closing_minor: minor(statement.closing),
        statement_date: statement.closing.or(statement.opening).map(|b| b.date),
        lines: i64::try_from(statement.entries.len() + statement.problems.len()).unwrap_or(i64::MAX),
        content_sha256: statement_checks::digest(statement),
        state,
        problem: problem.map(str::to_owned),
    })
}

/// Writes the statement's head; `None` when its lines are not to be used: its account is none of ours, or it contradicts
/// itself. Such a one is kept for a person to look at; the bank sends a right one.
async fn begin(
    app: &App,
    job: &RunningJob,
    head: &NewStatement,
    format: Format,
) -> Result<Option<Source>, JobError> {
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    let statement_id = statements::put_statement(&tx, &job.tenant, head, app.now()).await?;
    let (account_number, currency) = (head.account_number.clone(), head.currency.clone());
    let source = Source { statement_id, account_number, currency, format };
    if let Some(problem) = &head.problem {
        tracing::warn!(statement = %statement_id, problem = %problem, state = head.state.as_str(), "a statement is not sound");
    }
    if head.state == Start::Problem {
        note_findings(app, job, &tx, &source, vec![statement_checks::wrong_sum(statement_id)]).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok((head.state == Start::Processing).then_some(source))
}

async fn note_findings(
    app: &App,
    job: &RunningJob,
    tx: &sea_orm::DatabaseTransaction,
    source: &Source,
    findings: Vec<NewLine>,
) -> Result<(), JobError> {
    for finding in &findings {
        let problem = finding.problem.as_deref().unwrap_or_default();
        tracing::error!(statement = %source.statement_id, problem, "a statement needs a person");
    }
    if !findings.is_empty() {
        let currency = source.currency.as_deref();
        lines::insert(tx, &job.tenant, source.statement_id, currency, app.now(), findings).await?;
    }
    Ok(())
}

/// Lines that nobody could read are kept as problems, so that a person sees them. Their text is not: it may name people.
async fn note_unreadable(
    app: &App,
    job: &RunningJob,
    tx: &sea_orm::DatabaseTransaction,
    head: &NewStatement,
    source: &Source,
    statement: &mt940::Statement,
) -> Result<(), JobError> {
    let (file_id, position) = (head.file_id, head.position);
    let lines = statement.problems.iter().enumerate().map(|(n, problem)| {
        let key = sha256_hex(format!("{file_id}\nstatement {position} problem {n}").as_bytes());
        let entry_no = i64::try_from(problem.line).unwrap_or(i64::MAX);
        statement_checks::finding(key, entry_no, BridgeReason::StatementUploadError.as_str())
    });
    let lines: Vec<NewLine> = lines.collect();
    if !lines.is_empty() {
        tracing::warn!(file = %file_id, lines = lines.len(), "lines of a statement could not be read");
        let currency = source.currency.as_deref();
        lines::insert(tx, &job.tenant, source.statement_id, currency, app.now(), lines).await?;
    }
    Ok(())
}
