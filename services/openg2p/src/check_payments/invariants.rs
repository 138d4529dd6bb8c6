//! One function an invariant.

use g2p_bridge::domain::{disbursement, envelope};
use sea_orm::Value;

use super::{Finding, Sight};

/// Looks up all of them.
///
/// # Errors
/// When the tables cannot be read.
pub(super) async fn all(sight: &Sight) -> anyhow::Result<Vec<Finding>> {
    Ok(vec![
        paid_once(sight).await?,
        within_what_was_blocked(sight).await?,
        cancelled_is_not_paid(sight).await?,
        one_end(sight).await?,
        the_same_again_changes_nothing(sight).await?,
        order_of_statements_leaves_no_trace(sight).await?,
        double_entry(sight).await?,
        counters(sight).await?,
        unknown_is_asked(sight).await?,
        same_money_everywhere(sight).await?,
        each_row_for_itself(sight).await?,
        chain_of_statements(sight).await?,
        history(sight).await?,
        nothing_stays_blocked(sight).await?,
    ])
}

async fn paid_once(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV1",
        "For every payment, what the bank debited less what it took back is nothing or exactly its amount.",
    );
    let it = &mut finding;
    sight.count(it, "payments", "disbursements").await?;
    sight.count_at_bank(it, "payments of the bank", "payments").await?;
    let alone = !sight.has_bank();
    sight.bridge(it, include_str!("sql/inv01_statements.sql"), [alone.into()]).await?;
    let what = "the bank's ledger: its books are not in this installation; the statements were";
    sight.beside_bank(it, what, include_str!("sql/inv01_bank.sql"), []).await?;
    Ok(finding)
}

async fn within_what_was_blocked(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV2",
        "An envelope pays no more than was blocked for it, which is no more than was declared, and holds no more payments \
         than were declared.",
    );
    let it = &mut finding;
    sight.count(it, "envelopes", "envelopes").await?;
    sight.count_at_bank(it, "blocks of the bank", "blocks").await?;
    sight.bridge(it, include_str!("sql/inv02.sql"), []).await?;
    let what = "the bank's blocks: its books are not in this installation";
    sight.beside_bank(it, what, include_str!("sql/inv02_bank.sql"), []).await?;
    Ok(finding)
}

async fn cancelled_is_not_paid(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new("INV3", "A cancelled payment has no payment at the bank, ever.");
    let it = &mut finding;
    sight
        .count(
            it,
            "cancelled payments",
            "disbursements d JOIN envelopes e USING (tenant_id, envelope_id)
              WHERE d.state = 'CANCELLED' OR e.state IN ('CANCELLED', 'EXPIRED')",
        )
        .await?;
    sight.bridge(it, include_str!("sql/inv03.sql"), []).await?;
    let what = "the bank's payments: its books are not in this installation";
    sight.beside_bank(it, what, include_str!("sql/inv03_bank.sql"), []).await?;
    Ok(finding)
}

async fn one_end(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV4",
        "Every payment comes to one end, the one the bank knows too; none is stuck without anybody to drive it.",
    );
    let it = &mut finding;
    sight.count(it, "payments", "disbursements").await?;
    sight.count(it, "envelopes", "envelopes").await?;
    sight.bridge(it, include_str!("sql/inv04.sql"), []).await?;
    let what = "what the bank knows of each: its books are not in this installation";
    sight.beside_bank(it, what, include_str!("sql/inv04_bank.sql"), [sight.settled_before.into()]).await?;
    if sight.look.is_final {
        let today = sight.look.now.date();
        sight.bridge(it, include_str!("sql/inv04_final.sql"), [today.into()]).await?;
        if sight.has_bank() {
            sight.bridge(it, include_str!("sql/inv04_final_bank.sql"), []).await?;
        }
    } else {
        it.not_checked.push("that every payment is at its end: ask with --final when nothing is under way");
    }
    Ok(finding)
}

async fn the_same_again_changes_nothing(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV5",
        "A request that was sent again made nothing twice: one envelope for an order, one payment for an id or reference, \
         and each call counts what it brought once.",
    );
    let it = &mut finding;
    sight.count(it, "calls", "receive_batches").await?;
    sight.count(it, "orders", "disburse_orders").await?;
    sight.count(it, "envelopes", "envelopes").await?;
    sight.bridge(it, include_str!("sql/inv05.sql"), []).await?;
    Ok(finding)
}

async fn order_of_statements_leaves_no_trace(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV6",
        "What statements made of a payment follows from the set of their lines, whatever their order and however often they \
         came.",
    );
    let it = &mut finding;
    sight.count(it, "lines of statements", "statement_lines").await?;
    sight.bridge(it, include_str!("sql/inv06.sql"), []).await?;
    Ok(finding)
}

async fn double_entry(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV7",
        "The bank's postings sum to zero, no account has less than nothing available, and what is blocked is what is left of \
         its blocks.",
    );
    let it = &mut finding;
    sight.count_at_bank(it, "journal entries", "journal_entries").await?;
    sight.count_at_bank(it, "accounts", "accounts").await?;
    sight
        .bank(it, "anything: the bank's books are not in this installation", include_str!("sql/inv07.sql"))
        .await?;
    Ok(finding)
}

async fn counters(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new("INV8", "The counters that are told are what the rows count to.");
    let it = &mut finding;
    sight.count(it, "envelopes", "envelopes").await?;
    sight.count(it, "counter entries", "envelope_tally").await?;
    sight.bridge(it, include_str!("sql/inv08.sql"), []).await?;
    Ok(finding)
}

async fn unknown_is_asked(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV9",
        "A payment whose outcome is not known is sent again only under its key and after the bank said that it does not know \
         it; what the bank has, an attempt was written for.",
    );
    let it = &mut finding;
    sight.count(it, "attempts", "payment_attempts").await?;
    sight.bridge(it, include_str!("sql/inv09.sql"), []).await?;
    let what = "that the bank has nothing without an attempt: its books are not in this installation";
    sight.beside_bank(it, what, include_str!("sql/inv09_bank.sql"), []).await?;
    Ok(finding)
}

async fn same_money_everywhere(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV10",
        "Amount, currency and account of a payment are the same where it is stored, sent, booked and stated.",
    );
    let it = &mut finding;
    sight.count(it, "attempts", "payment_attempts").await?;
    sight.count(it, "lines that count", "statement_lines WHERE outcome IN ('BOOKED', 'REVERSED')").await?;
    sight.bridge(it, include_str!("sql/inv10.sql"), []).await?;
    let what = "what the bank stored: its books are not in this installation";
    sight.beside_bank(it, what, include_str!("sql/inv10_bank.sql"), []).await?;
    Ok(finding)
}

async fn each_row_for_itself(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV11",
        "A bad payment or line holds up itself only: the others of its batch, envelope or file went on.",
    );
    let it = &mut finding;
    sight.count(it, "batches", "payment_batches").await?;
    sight.count(it, "statements", "statements").await?;
    sight.bridge(it, include_str!("sql/inv11.sql"), []).await?;
    Ok(finding)
}

async fn chain_of_statements(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV12",
        "Statements of an account follow each other without a gap, each begins with what the one before ended with, or a \
         finding says so.",
    );
    let it = &mut finding;
    sight.count(it, "statements", "statements").await?;
    sight.count_at_bank(it, "statements of the bank", "statements").await?;
    sight.bridge(it, include_str!("sql/inv12.sql"), []).await?;
    let what = "the bank's own statements: its books are not in this installation";
    sight.bank(it, what, include_str!("sql/inv12_bank.sql")).await?;
    if sight.look.is_final && sight.has_bank() {
        sight.bridge(it, include_str!("sql/inv12_final.sql"), []).await?;
        sight.bank(it, what, include_str!("sql/inv12_final_bank.sql")).await?;
    }
    Ok(finding)
}

async fn history(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV13",
        "Every change of state is in the history with who and what: it begins at the beginning, has no gap, and ends where \
         the payment or envelope stands.",
    );
    let it = &mut finding;
    sight.count(it, "changes", "state_changes").await?;
    let values = payment_changes().into_iter().chain(envelope_changes());
    sight.bridge(it, include_str!("sql/inv13.sql"), values).await?;
    Ok(finding)
}

async fn nothing_stays_blocked(sight: &Sight) -> anyhow::Result<Finding> {
    let mut finding = Finding::new(
        "INV14",
        "What was blocked for an envelope that is cancelled or finished goes back to zero.",
    );
    let it = &mut finding;
    sight
        .count(it, "envelopes at their end", "envelopes WHERE state IN ('FINISHED', 'CANCELLED', 'EXPIRED')")
        .await?;
    sight.bridge(it, include_str!("sql/inv14.sql"), [sight.look.is_final.into()]).await?;
    let what = "the bank's blocks: its books are not in this installation";
    sight.beside_bank(it, what, include_str!("sql/inv14_bank.sql"), [sight.settled_before.into()]).await?;
    if !sight.look.is_final {
        it.not_checked
            .push("that nothing at all is left of a block: ask with --final when nothing is under way");
    } else if sight.has_bank() {
        sight.bridge(it, include_str!("sql/inv14_final_bank.sql"), []).await?;
    }
    Ok(finding)
}

/// Every change that the state machine of payments makes, as two columns.
fn payment_changes() -> [Value; 2] {
    use disbursement::{Event, State, transition};
    let pairs = State::ALL.into_iter().flat_map(|from| {
        Event::ALL
            .into_iter()
            .filter_map(move |event| Some((from.as_str(), transition(from, event)?.as_str())))
    });
    columns(pairs)
}

/// The same of envelopes.
fn envelope_changes() -> [Value; 2] {
    use envelope::{Event, State, transition};
    let pairs = State::ALL.into_iter().flat_map(|from| {
        Event::ALL
            .into_iter()
            .filter_map(move |event| Some((from.as_str(), transition(from, event)?.as_str())))
    });
    columns(pairs)
}

fn columns<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> [Value; 2] {
    let (before, after): (Vec<String>, Vec<String>) =
        pairs.map(|(before, after)| (before.to_owned(), after.to_owned())).unzip();
    [before.into(), after.into()]
}
