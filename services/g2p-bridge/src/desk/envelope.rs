//! One envelope: how far it is, its money, what is wrong and who acts, its statement, its history.

use actix_web::{HttpRequest, HttpResponse, get, web};
use platform::{ApiError, mask_tail};
use serde::Deserialize;

use super::{
    browser::{Answer, Visit, answer},
    diagram,
    session::Fault,
    views::{self, HistoryRow, LineRow, Mark, MoneyRow, PaymentRow, ProblemRow},
    words,
};
use crate::{
    api::{State, envelope_statement as files},
    app::{READ, envelope_statement, overdue},
    domain::disbursement::State as Payment,
    store::{
        desk::{self, DoubtfulLine, ProblemPayment},
        envelopes::{self, Envelope},
        tally::{self, Tally},
    },
};

/// Payments and lines in doubt on one page.
const MOST: i64 = 50;
/// Entries of the history.
const MOST_HISTORY: i64 = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    after: Option<i64>,
}

/// One envelope.
#[utoipa::path(
    tag = "desk",
    params(
        ("id" = String, Path, description = "The envelope"),
        ("after" = Option<i64>, Query, description = "Where the payments with problems begin, as their link has it"),
    ),
    responses(
        (status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 401, description = "Not signed in", content_type = "text/html", body = String),
        (status = 403, description = "Not allowed", content_type = "text/html", body = String),
        (status = 404, description = "No such envelope", content_type = "text/html", body = String),
    ),
)]
#[get("/desk/envelopes/{id}")]
pub(super) async fn show(req: HttpRequest, state: State, id: web::Path<String>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let asked = web::Query::<Asked>::from_query(req.query_string()).map_err(|_| Fault::Malformed)?;
        page(visit, &id, asked.after.unwrap_or(-1)).await
    })
    .await
}

async fn page(visit: &Visit<'_>, id: &str, after: i64) -> Answer {
    let staff = visit.staff()?;
    staff.ctx.require(READ)?;
    let (app, t) = (visit.app, &visit.t);
    let (conn, tenant) = (app.db.conn(), staff.ctx.tenant.as_str());
    let envelope =
        envelopes::find(conn, tenant, id).await?.ok_or_else(|| ApiError::not_found("this envelope"))?;
    let tally = tally::tally(conn, tenant, id).await?;
    let bad = [Payment::Unknown, Payment::Rejected, Payment::Reversed];
    let any = tally.sum(|state| bad.contains(&state)).count > 0;
    let mut payments =
        if any { desk::problem_payments(conn, tenant, id, after, MOST + 1).await? } else { Vec::new() };
    let more = usize::try_from(MOST).is_ok_and(|most| {
        let more = payments.len() > most;
        payments.truncate(most);
        more
    });
    let lines = desk::doubtful_lines(conn, tenant, id, MOST).await?;
    let history = desk::newest_history(conn, tenant, &format!("envelope/{id}"), MOST_HISTORY).await?;
    let zone = envelope.time_zone.as_str();
    let mut shell = visit.page(t.say1("desk-envelope-title", "id", id), "")?;
    shell.back = visit.href("/desk/envelopes");
    let view = views::Envelope {
        page: shell,
        id: id.to_owned(),
        facts: facts(visit, &envelope)?,
        diagram: diagram::of(t, &tally),
        money: money(visit, &envelope, &tally),
        problems: problems(visit, &envelope, &tally, lines.len())?,
        more_payments: match payments.last() {
            Some(last) if more => visit.href(&format!("/desk/envelopes/{id}?after={}", last.seq)),
            _ => String::new(),
        },
        payments: payments.into_iter().map(|payment| payment_row(visit, payment, &envelope)).collect(),
        lines: lines.into_iter().map(|line| line_row(visit, line)).collect(),
        history: history
            .into_iter()
            .map(|entry| HistoryRow {
                when: words::moment(t, entry.at, zone),
                who: entry.actor,
                what: match entry.before.filter(|before| *before != entry.after) {
                    Some(before) => format!("{}: {before} → {}", entry.action, entry.after),
                    None => format!("{}: {}", entry.action, entry.after),
                },
                reason: entry.reason.unwrap_or_default(),
            })
            .collect(),
    };
    visit.show(&view)
}

fn facts(visit: &Visit<'_>, envelope: &Envelope) -> Result<Vec<(String, String)>, Fault> {
    let t = &visit.t;
    let zone = envelope.time_zone.as_str();
    let (deadline, late) = overdue::moment(visit.app, envelope)?;
    let mut facts = vec![
        (t.say("desk-programme"), envelope.benefit_program_mnemonic.clone()),
        (t.say("desk-cycle"), envelope.cycle_code_mnemonic.clone()),
        (t.say("desk-day"), format!("{} ({zone})", t.date(envelope.schedule_date))),
        (t.say("desk-state"), words::envelope_state(t, envelope.state()?)),
        (t.say("desk-since"), words::moment(t, envelope.state_since, zone)),
        (t.say("desk-bank"), envelope.sponsor_bank_code.clone()),
        (t.say("desk-account"), mask_tail(&envelope.sponsor_bank_account_number)),
    ];
    if let Some(deadline) = deadline {
        let at = words::moment(t, deadline, zone);
        let text = if late { t.say1("desk-deadline-over", "at", &at) } else { at };
        facts.push((t.say("desk-deadline"), text));
    }
    Ok(facts)
}

fn money(visit: &Visit<'_>, envelope: &Envelope, tally: &Tally) -> Vec<MoneyRow> {
    let t = &visit.t;
    let amount = |minor| words::money(t, minor, &envelope.currency);
    let row = |what: String, count: Option<i64>, minor: Option<i64>| MoneyRow {
        what,
        count: count.map(|count| words::number(t, count)).unwrap_or_default(),
        amount: minor.map_or_else(|| t.say("desk-not-yet"), amount),
    };
    let mut rows = vec![
        row(t.say("desk-declared"), Some(envelope.declared_count), Some(envelope.declared_minor)),
        row(t.say("desk-received"), Some(envelope.received_count), Some(envelope.received_minor)),
    ];
    rows.extend(
        tally.iter().map(|(state, sum)| row(words::state(t, state), Some(sum.count), Some(sum.minor))),
    );
    rows.push(row(t.say("desk-blocked"), None, envelope.blocked_minor));
    rows.push(row(t.say("desk-released"), None, envelope.released_minor));
    rows
}

fn problems(
    visit: &Visit<'_>,
    envelope: &Envelope,
    tally: &Tally,
    lines: usize,
) -> Result<Vec<ProblemRow>, Fault> {
    let t = &visit.t;
    let mut rows = Vec::new();
    let (_, late) = overdue::moment(visit.app, envelope)?;
    let kind = if late { "bad" } else { "wait" };
    if let Some(code) = &envelope.problem {
        let (what, who) = words::problem(t, code);
        rows.push(ProblemRow { mark: Mark { kind, text: code.clone() }, what, who });
    } else if late {
        rows.push(ProblemRow {
            mark: words::late(t),
            what: t.say("desk-late-what"),
            who: t.say("desk-who-operator"),
        });
    }
    let mut payments = |state: Payment, what: String, who: String| {
        let count = tally.of(state).count;
        if count > 0 {
            let text = format!("{}: {}", words::state(t, state), words::number(t, count));
            rows.push(ProblemRow { mark: Mark { kind: "bad", text }, what, who });
        }
    };
    payments(Payment::Unknown, t.say("desk-problem-unknown"), t.say("desk-who-unknown"));
    payments(Payment::Rejected, t.say("desk-problem-rejected"), t.say("desk-who-programme"));
    payments(Payment::Reversed, t.say("desk-problem-reversed"), t.say("desk-who-programme"));
    if lines > 0 {
        rows.push(ProblemRow {
            mark: Mark { kind: "bad", text: t.say("desk-lines") },
            what: t.say("desk-problem-lines"),
            who: t.say("desk-who-statements"),
        });
    }
    Ok(rows)
}

fn payment_row(visit: &Visit<'_>, payment: ProblemPayment, envelope: &Envelope) -> PaymentRow {
    let t = &visit.t;
    let state = Payment::parse(&payment.state);
    PaymentRow {
        id: payment.disbursement_id,
        payee: mask_tail(&payment.beneficiary_id),
        amount: words::money(t, payment.amount_minor, &envelope.currency),
        state: Mark {
            kind: state.map_or("bad", words::kind_of),
            text: state.map_or(payment.state, |state| words::state(t, state)),
        },
        reason: payment.reason.unwrap_or_default(),
    }
}

fn line_row(visit: &Visit<'_>, line: DoubtfulLine) -> LineRow {
    let t = &visit.t;
    let amount = line.amount_minor.zip(line.currency.as_deref());
    LineRow {
        payment: line.payment_ref,
        mark: line.mark,
        amount: amount.map(|(minor, currency)| words::money(t, minor, currency)).unwrap_or_default(),
        what: match line.problem {
            Some(problem) => problem,
            None => t.say("desk-line-waits"),
        },
    }
}

/// The statement of an envelope as CSV, for staff who are signed in.
#[utoipa::path(
    tag = "desk",
    params(("id" = String, Path, description = "The envelope")),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 401, description = "Not signed in")),
)]
#[get("/desk/envelopes/{id}/statement.csv")]
pub(super) async fn statement_csv(req: HttpRequest, state: State, id: web::Path<String>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let statement = envelope_statement::write(visit.app, &visit.staff()?.ctx, &id).await?;
        Ok(files::csv(visit.app, statement)?)
    })
    .await
}

/// Its signature.
#[utoipa::path(
    tag = "desk",
    params(("id" = String, Path, description = "The envelope")),
    responses((status = 200, body = String, content_type = "application/jose"), (status = 401, description = "Not signed in")),
)]
#[get("/desk/envelopes/{id}/statement.csv.jws")]
pub(super) async fn statement_signature(
    req: HttpRequest,
    state: State,
    id: web::Path<String>,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let statement = envelope_statement::write(visit.app, &visit.staff()?.ctx, &id).await?;
        Ok(files::signature(visit.app, &statement)?)
    })
    .await
}

/// Its totals as PDF.
#[utoipa::path(
    tag = "desk",
    params(("id" = String, Path, description = "The envelope")),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"), (status = 401, description = "Not signed in")),
)]
#[get("/desk/envelopes/{id}/statement.pdf")]
pub(super) async fn statement_pdf(req: HttpRequest, state: State, id: web::Path<String>) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let statement = envelope_statement::write(visit.app, &visit.staff()?.ctx, &id).await?;
        Ok(files::pdf(visit.app, &statement)?)
    })
    .await
}
