//! The two readings of a statement file. The first looks whether each statement adds up, which shows at its end only, and
//! writes its head; the second books the lines of those that do. Neither holds more than a few hundred lines.

use bank_formats::{
    Format, Movement, Part, Tail,
    mt940::{self, Balance, DebitCredit, Entry, LineProblem},
};
use g2p_connect::reason::BridgeReason;
use g2p_crypto::sha256_hex;
use jobs::{JobError, RunningJob};
use sea_orm::DatabaseTransaction;
use storage::StoreError;
use uuid::Uuid;

use super::{
    App,
    intake::PartsOf,
    reconcile::{self, Source},
    statement_checks::{self, BALANCES_DIFFER, Digest, Sum},
};
use crate::{
    domain::repeats::{Ordinals, Repeats},
    store::{
        lines::{self, NewLine},
        programs,
        statements::{self, About, NewStatement, Start},
    },
};

/// Most unreadable lines of a statement that are listed.
const MAX_PROBLEMS: usize = 1000;

/// What the first reading found out about a file.
pub(super) struct Survey {
    repeats: Repeats,
    lines: i64,
    /// Of each statement, in the order of the file.
    closings: Vec<Option<Balance>>,
}

/// A statement in the first reading.
struct Seen {
    head: mt940::Statement,
    movement: Movement,
    lines: i64,
    unreadable: usize,
}

/// Reads a file for the first time and writes the heads of its statements.
pub(super) async fn survey(
    app: &App,
    job: &RunningJob,
    file_id: Uuid,
    file: &About,
) -> Result<Survey, JobError> {
    let bytes = u64::try_from(file.bytes).unwrap_or(0);
    let mut survey = Survey { repeats: Repeats::for_bytes(bytes), lines: 0, closings: Vec::new() };
    let (mut position, mut seen): (i32, Option<Seen>) = (0, None);
    let mut parts = PartsOf::open(app, &job.tenant, file_id);
    while let Some(some) = parts.next().await? {
        for part in some {
            match (part, &mut seen) {
                (Part::Head(head), _) => {
                    let unreadable = head.problems.len() + head.problems_omitted;
                    seen = Some(Seen { head: *head, movement: Movement::default(), lines: 0, unreadable });
                }
                (Part::Entry(entry), Some(seen)) => {
                    seen.movement.add(&entry);
                    seen.lines += 1;
                    survey.lines += 1;
                    let text = reconcile::identity(&seen.head.account, seen.head.format, &entry);
                    survey.repeats.note(&text);
                    learn_currency(&mut seen.head, &entry);
                }
                (Part::Problem(_), Some(seen)) => seen.unreadable = seen.unreadable.saturating_add(1),
                (Part::End(tail), _) => {
                    position += 1;
                    if let Some(seen) = seen.take() {
                        survey.closings.push(tail.closing.or(seen.head.closing));
                        let place = (file_id, position, file.bank_code.as_deref());
                        write_head(app, job, place, seen, &tail).await?;
                    }
                }
                (Part::Entry(_) | Part::Problem(_), None) => {}
            }
        }
    }
    Ok(survey)
}

/// A statement whose head names no currency has that of its first line.
fn learn_currency(head: &mut mt940::Statement, entry: &Entry) {
    if head.currency().is_none() {
        head.account_currency = Some(entry.amount.currency());
    }
}

async fn write_head(
    app: &App,
    job: &RunningJob,
    (file_id, position, bank): (Uuid, i32, Option<&str>),
    seen: Seen,
    tail: &Tail,
) -> Result<(), JobError> {
    let head = head(app, job, (file_id, position, bank), &seen, tail).await?;
    let tx = app.begin().await?;
    job.guard(&tx).await?;
    let statement_id = statements::put_statement(&tx, &job.tenant, &head, app.now()).await?;
    if let Some(problem) = &head.problem {
        tracing::warn!(statement = %statement_id, problem = %problem, state = head.state.as_str(), "a statement is not sound");
    }
    if head.state == Start::Problem {
        // Kept for a person to look at; the bank sends a right one.
        let source = source(&head, statement_id, seen.head.format);
        note_findings(app, job, &tx, &source, vec![statement_checks::wrong_sum(statement_id)]).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// What stands in the statement's head, and whether its lines may be used.
async fn head(
    app: &App,
    job: &RunningJob,
    (file_id, position, bank): (Uuid, i32, Option<&str>),
    seen: &Seen,
    tail: &Tail,
) -> Result<NewStatement, JobError> {
    let statement = &seen.head;
    let closing = tail.closing.or(statement.closing);
    let known = programs::account_is_known(app.db.conn(), &job.tenant, &statement.account, bank).await?;
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let minor = |balance: Option<Balance>| {
        balance.map(|b| match b.mark {
            DebitCredit::Credit => b.amount.minor(),
            DebitCredit::Debit => b.amount.minor().saturating_neg(),
        })
    };
    let balances = (statement.opening, closing);
    let sum = statement_checks::sum(statement.format, &seen.movement, balances, seen.unreadable);
    let (state, problem) = match sum {
        _ if !known => (Start::Error, Some(BridgeReason::InvalidAccountNumber.as_str())),
        Sum::Right | Sum::NotStated => (Start::Processing, None),
        Sum::Unproved(why) => (Start::Processing, Some(why)),
        Sum::Wrong if app.config.statement_must_add_up => (Start::Problem, Some(BALANCES_DIFFER)),
        Sum::Wrong => (Start::Processing, Some(BALANCES_DIFFER)),
    };
    let currency = statement.currency().or(closing.map(|b| b.amount.currency()));
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
        currency: currency.map(|c| c.code().to_owned()),
        opening_minor: minor(statement.opening),
        closing_minor: minor(closing),
        statement_date: closing.or(statement.opening).map(|b| b.date),
        lines: seen.lines.saturating_add(i64::try_from(seen.unreadable).unwrap_or(i64::MAX)),
        content_sha256: String::new(),
        state,
        problem: problem.map(str::to_owned),
    })
}

fn source(head: &NewStatement, statement_id: Uuid, format: Format) -> Source {
    let (account_number, currency) = (head.account_number.clone(), head.currency.clone());
    Source { statement_id, account_number, currency, format }
}

/// A statement in the second reading.
struct Booking<'a> {
    head: NewStatement,
    source: Source,
    ordinals: Ordinals<'a>,
    problems: Vec<LineProblem>,
    entries: Vec<Entry>,
    digest: Digest,
}

/// Reads a file for the second time and books the lines of the statements that may be used.
pub(super) async fn book(
    app: &App,
    job: &RunningJob,
    file_id: Uuid,
    survey: &Survey,
) -> Result<(), JobError> {
    let chunk = app.config.statement_chunk.max(1);
    let (mut position, mut done, mut current): (i32, i64, Option<Booking<'_>>) = (0, 0, None);
    let mut parts = PartsOf::open(app, &job.tenant, file_id);
    while let Some(some) = parts.next().await? {
        for part in some {
            match (part, &mut current) {
                (Part::Head(head), _) => {
                    let closing = usize::try_from(position).ok().and_then(|n| survey.closings.get(n));
                    let digest = Digest::new(head.opening, closing.copied().flatten());
                    position += 1;
                    let place = (file_id, position);
                    current = open(app, job, place, *head, &survey.repeats, digest).await?;
                }
                (Part::Entry(entry), Some(booking)) => {
                    booking.entries.push(*entry);
                    if booking.entries.len() >= chunk {
                        done += booking.take_in(app, job, done, survey.lines).await?;
                    }
                }
                (Part::Problem(problem), Some(booking)) => booking.note(problem),
                (Part::End(_), _) => {
                    if let Some(mut booking) = current.take() {
                        done += booking.take_in(app, job, done, survey.lines).await?;
                        booking.end(app, job).await?;
                    }
                }
                (Part::Entry(_) | Part::Problem(_), None) => {}
            }
        }
        if job.cancelled().is_cancelled() {
            return Err(JobError::retry("the process stops; the file is worked off again"));
        }
    }
    Ok(())
}

async fn open<'a>(
    app: &App,
    job: &RunningJob,
    (file_id, position): (Uuid, i32),
    head: mt940::Statement,
    repeats: &'a Repeats,
    digest: Digest,
) -> Result<Option<Booking<'a>>, JobError> {
    let stored = statements::processing(app.db.conn(), &job.tenant, file_id, position).await?;
    let Some(stored) = stored else { return Ok(None) };
    let source = source(&stored, stored.statement_id, head.format);
    let mut problems = head.problems;
    problems.truncate(MAX_PROBLEMS);
    Ok(Some(Booking {
        head: stored,
        source,
        ordinals: Ordinals::new(repeats),
        problems,
        entries: Vec::new(),
        digest,
    }))
}

impl Booking<'_> {
    fn note(&mut self, problem: LineProblem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Books the lines at hand; returns how many they were.
    async fn take_in(&mut self, app: &App, job: &RunningJob, done: i64, total: i64) -> Result<i64, JobError> {
        let entries = std::mem::take(&mut self.entries);
        let count = i64::try_from(entries.len()).unwrap_or(0);
        if count == 0 {
            return Ok(0);
        }
        entries.iter().for_each(|entry| self.digest.add(entry));
        let lines = reconcile::to_lines(&self.source, &entries, &mut self.ordinals);
        let _turn = app.turns.work().await;
        let tx = app.begin().await?;
        job.guard(&tx).await?;
        reconcile::take_in(&tx, &job.tenant, &self.source, lines, app.now()).await?;
        job.progress_in(&tx, done + count, total).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(count)
    }

    async fn end(mut self, app: &App, job: &RunningJob) -> Result<(), JobError> {
        let digest = std::mem::replace(&mut self.digest, Digest::new(None, None)).finish();
        self.head.content_sha256 = digest;
        let tx = app.begin().await?;
        job.guard(&tx).await?;
        note_unreadable(app, job, &tx, &self).await?;
        let findings = statement_checks::number(&tx, &job.tenant, &self.head).await?;
        note_findings(app, job, &tx, &self.source, findings).await?;
        let digest = &self.head.content_sha256;
        statements::finish_statement(&tx, &job.tenant, self.source.statement_id, digest).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

async fn note_findings(
    app: &App,
    job: &RunningJob,
    tx: &DatabaseTransaction,
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
    tx: &DatabaseTransaction,
    booking: &Booking<'_>,
) -> Result<(), JobError> {
    let (file_id, position) = (booking.head.file_id, booking.head.position);
    let lines = booking.problems.iter().enumerate().map(|(n, problem)| {
        let key = sha256_hex(format!("{file_id}\nstatement {position} problem {n}").as_bytes());
        let entry_no = i64::try_from(problem.line).unwrap_or(i64::MAX);
        statement_checks::finding(key, entry_no, BridgeReason::StatementUploadError.as_str())
    });
    let lines: Vec<NewLine> = lines.collect();
    if !lines.is_empty() {
        tracing::warn!(file = %file_id, lines = lines.len(), "lines of a statement could not be read");
        let source = &booking.source;
        let currency = source.currency.as_deref();
        lines::insert(tx, &job.tenant, source.statement_id, currency, app.now(), lines).await?;
    }
    Ok(())
}
