//! The ledger in figures.

use actix_web::{get, web};
use platform::{ApiResult, Caller, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    State,
    app::{
        decimal,
        ledger::{self, Books},
    },
};

/// How much to look at.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SummaryQuery {
    /// Recompute every balance from the legs, which reads all of them.
    #[serde(default)]
    verify: bool,
}

/// Payments by state.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct PaymentCounts {
    /// Not booked yet.
    accepted: i64,
    /// Booked and not come back.
    booked: i64,
    /// Come back.
    reversed: i64,
    /// Not taken on.
    rejected: i64,
}

/// The books in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CurrencyBooks {
    /// ISO 4217.
    currency: String,
    /// Sum of all legs: zero.
    sum: String,
    /// Sum of all balances: zero.
    balances: String,
    /// Blocks with something left.
    open_blocks: i64,
    /// What is left of them.
    open_block_amount: String,
    /// How many payments stand where.
    payments: PaymentCounts,
    /// Money of accepted payments.
    accepted_amount: String,
    /// Money of booked payments.
    booked_amount: String,
    /// Money of reversed payments.
    reversed_amount: String,
    /// Money of rejected payments.
    rejected_amount: String,
    /// Booked payments that will come back.
    pending_returns: i64,
}

/// What a recomputation from the legs and blocks found: zeros.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verification {
    /// Entries whose legs do not sum to zero.
    unbalanced_entries: i64,
    /// Accounts whose balance is not the sum of their legs.
    wrong_balances: i64,
    /// Accounts whose blocked money is not what is left of their blocks.
    wrong_blocked: i64,
}

/// The ledger in figures. Money at the top level is of `currency`, counts are of all currencies.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LedgerSummary {
    /// The currency with most payments; null for empty books.
    currency: Option<String>,
    /// Sum of all legs of `currency`: `0.00`.
    sum: String,
    /// Whether legs and balances sum to zero in every currency.
    balanced: bool,
    /// Blocks with something left.
    open_blocks: i64,
    /// What is left of those of `currency`.
    open_block_amount: String,
    /// How many payments stand where.
    payments: PaymentCounts,
    /// Booked payments that will come back.
    pending_returns: i64,
    /// Movements of payments that stand on no statement.
    unreported_entries: i64,
    /// The same, and those on statements that are not delivered.
    undelivered_entries: i64,
    /// Statements made.
    statements: i64,
    /// Statements not delivered.
    undelivered_statements: i64,
    /// Whether nothing is on its way: no payment to book or return, no movement to tell.
    settled: bool,
    /// Accounts, the bank's own included.
    accounts: i64,
    /// Accounts that are closed.
    closed_accounts: i64,
    /// Each currency.
    currencies: Vec<CurrencyBooks>,
    /// Only with `verify=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<Verification>,
}

fn books_view(books: &Books) -> CurrencyBooks {
    let text = |minor: i64| decimal(minor, &books.currency);
    CurrencyBooks {
        currency: books.currency.clone(),
        sum: text(books.legs),
        balances: text(books.balances),
        open_blocks: books.open_blocks,
        open_block_amount: text(books.open_block_amount),
        payments: PaymentCounts {
            accepted: books.accepted,
            booked: books.booked,
            reversed: books.reversed,
            rejected: books.rejected,
        },
        accepted_amount: text(books.accepted_amount),
        booked_amount: text(books.booked_amount),
        reversed_amount: text(books.reversed_amount),
        rejected_amount: text(books.rejected_amount),
        pending_returns: books.pending_returns,
    }
}

fn view(summary: ledger::Summary) -> LedgerSummary {
    let (books, reporting) = (&summary.books, &summary.reporting);
    let total = |of: fn(&Books) -> i64| books.iter().map(of).sum::<i64>();
    let payments = PaymentCounts {
        accepted: total(|b| b.accepted),
        booked: total(|b| b.booked),
        reversed: total(|b| b.reversed),
        rejected: total(|b| b.rejected),
    };
    let pending_returns = total(|b| b.pending_returns);
    let main = books.iter().max_by_key(|b| b.accepted + b.booked + b.reversed + b.rejected);
    let money = |of: fn(&Books) -> i64| {
        main.map_or_else(|| "0.00".to_owned(), |books| decimal(of(books), &books.currency))
    };
    LedgerSummary {
        currency: main.map(|b| b.currency.clone()),
        sum: money(|b| b.legs),
        balanced: books.iter().all(|b| b.legs == 0 && b.balances == 0),
        open_blocks: total(|b| b.open_blocks),
        open_block_amount: money(|b| b.open_block_amount),
        settled: payments.accepted == 0 && pending_returns == 0 && reporting.undelivered_entries == 0,
        payments,
        pending_returns,
        unreported_entries: reporting.unreported_entries,
        undelivered_entries: reporting.undelivered_entries,
        statements: reporting.statements,
        undelivered_statements: reporting.undelivered_statements,
        accounts: reporting.accounts,
        closed_accounts: reporting.closed_accounts,
        currencies: books.iter().map(books_view).collect(),
        verification: summary.contradictions.map(|found| Verification {
            unbalanced_entries: found.unbalanced_entries,
            wrong_balances: found.wrong_balances,
            wrong_blocked: found.wrong_blocked,
        }),
    }
}

/// The ledger in figures: that it balances, what is blocked, where payments stand, what is still to be told.
#[utoipa::path(tag = "audit", params(SummaryQuery), responses((status = 200, body = LedgerSummary), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[get("/ledger/summary")]
pub(super) async fn ledger_summary(
    state: web::Data<State>,
    caller: Caller,
    query: web::Query<SummaryQuery>,
) -> ApiResult<web::Json<LedgerSummary>> {
    Ok(web::Json(view(ledger::summary(&state, caller.ctx(), query.verify).await?)))
}
