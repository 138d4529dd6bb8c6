//! Payments: admission, inquiry, lists.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{Order, PaymentState};

/// A stored payment, as far as a repeated order is compared with it. No `Debug`: it is about a person.
#[derive(Clone, FromQueryResult)]
pub(crate) struct Known {
    pub(crate) payment_reference_number: String,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) account_number: String,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) payee_kind: String,
    pub(crate) payee_id: String,
    pub(crate) payee_at: String,
}

impl Known {
    /// Whether the order is for this very payment.
    pub(crate) fn is_of(&self, order: &Order) -> bool {
        self.account_number == order.account
            && self.currency == order.amount.currency().code()
            && self.amount == order.amount.minor()
            && self.payee_kind == order.payee_kind.as_str()
            && self.payee_id == order.payee_id
            && self.payee_at == order.payee_at
    }
}

/// The payments with these keys. One index look-up a key (as in the other statements over keys), whatever the planner
/// believes about a table that has just been filled and never analysed: it would read all of the tenant's.
pub(crate) async fn known(
    tx: &impl ConnectionTrait,
    tenant: &str,
    keys: Vec<String>,
) -> StoreResult<Vec<Known>> {
    sql::fetch_all(
        tx,
        "SELECT p.payment_reference_number, p.state, p.reason, p.account_number, p.currency, p.amount, p.payee_kind, p.payee_id,
                p.payee_at
           FROM (SELECT DISTINCT key FROM UNNEST($2::text[]) AS n (key)) AS k
          CROSS JOIN LATERAL (SELECT * FROM payments WHERE tenant_id = $1 AND payment_reference_number = k.key LIMIT 1) AS p",
        [tenant.into(), keys.into()],
    )
    .await
}

/// Who admits payments, and as what.
pub(crate) struct Admission<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) at: OffsetDateTime,
    pub(crate) batch_id: Uuid,
}

/// A decided order.
pub(crate) struct Decided {
    pub(crate) order: Order,
    pub(crate) state: PaymentState,
    pub(crate) reason: Option<&'static str>,
}

/// Writes decided orders; returns how many had a key that was free.
pub(crate) async fn insert(
    tx: &impl ConnectionTrait,
    admission: &Admission<'_>,
    decided: Vec<Decided>,
) -> StoreResult<u64> {
    let each = |of: fn(&Decided) -> String| decided.iter().map(of).collect::<Vec<String>>();
    sql::execute(
        tx,
        include_str!("sql/admit.sql"),
        [
            admission.tenant.into(),
            admission.batch_id.into(),
            admission.actor.into(),
            admission.at.into(),
            each(|d| d.order.key.clone()).into(),
            each(|d| d.state.as_str().to_owned()).into(),
            sql::nullable(decided.iter().map(|d| d.reason.map(str::to_owned)).collect()),
            each(|d| d.order.account.clone()).into(),
            each(|d| d.order.amount.currency().code().to_owned()).into(),
            decided.iter().map(|d| d.order.amount.minor()).collect::<Vec<i64>>().into(),
            each(|d| d.order.block.clone()).into(),
            each(|d| d.order.payee_kind.as_str().to_owned()).into(),
            each(|d| d.order.payee_id.clone()).into(),
            each(|d| d.order.payee_at.clone()).into(),
            each(|d| d.order.credit_account.clone()).into(),
            each(|d| d.order.narratives.clone()).into(),
            decided.iter().map(|d| d.order.payment_date).collect::<Vec<_>>().into(),
        ],
    )
    .await
}

/// What callers may learn of a payment: nothing of the payee.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Payment {
    pub(crate) payment_reference_number: String,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) return_reason: Option<String>,
    pub(crate) account_number: String,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) received_at: OffsetDateTime,
    pub(crate) booked_at: Option<OffsetDateTime>,
    pub(crate) reversed_at: Option<OffsetDateTime>,
}

/// Payments after a key, in order of keys.
pub(crate) async fn page(
    conn: &impl ConnectionTrait,
    tenant: &str,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<Payment>> {
    sql::fetch_all(
        conn,
        "SELECT payment_reference_number, state, reason, return_reason, account_number, currency, amount, received_at,
                booked_at, reversed_at
           FROM payments WHERE tenant_id = $1 AND payment_reference_number > $2
          ORDER BY payment_reference_number LIMIT $3",
        [tenant.into(), after.into(), limit.into()],
    )
    .await
}

/// State and reason of a payment.
#[derive(Debug, FromQueryResult)]
pub(crate) struct Status {
    pub(crate) payment_reference_number: String,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
}

/// Where these payments stand; unknown keys are left out. A payment that will come back is still booked.
pub(crate) async fn statuses(
    conn: &impl ConnectionTrait,
    tenant: &str,
    keys: Vec<String>,
) -> StoreResult<Vec<Status>> {
    sql::fetch_all(
        conn,
        "SELECT p.payment_reference_number, p.state,
                CASE WHEN p.state = 'reversed' THEN p.return_reason ELSE p.reason END AS reason
           FROM (SELECT DISTINCT key FROM UNNEST($2::text[]) AS n (key)) AS k
          CROSS JOIN LATERAL (SELECT * FROM payments WHERE tenant_id = $1 AND payment_reference_number = k.key LIMIT 1) AS p",
        [tenant.into(), keys.into()],
    )
    .await
}
