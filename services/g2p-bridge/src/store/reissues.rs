//! Payments that take the place of payments that came back or were refused.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};
use time::OffsetDateTime;
use uuid::Uuid;

/// A payment that may be paid again. Holds personal data, so it has no `Debug`.
#[derive(Clone, FromQueryResult)]
pub struct Original {
    /// Its id.
    pub disbursement_id: String,
    /// The programme system's reference.
    pub mis_reference_number: Option<String>,
    /// The payee.
    pub beneficiary_id: String,
    /// The payee's name.
    pub beneficiary_name: Option<String>,
    /// Minor units.
    pub amount_minor: i64,
    /// What the payee reads.
    pub narrative: String,
    /// JSON text.
    pub compute_elements: Option<String>,
    /// Where it stands.
    pub state: String,
    /// The payment that took its place already.
    pub reissued_as: Option<String>,
}

/// The payments of an envelope among these ids, in the order of their numbers, held against changes until the
/// transaction ends.
pub async fn lock_originals<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    envelope_id: &str,
    ids: Vec<String>,
) -> StoreResult<Vec<Original>> {
    sql::fetch_all(
        tx,
        "SELECT d.disbursement_id, d.mis_reference_number, d.beneficiary_id, d.beneficiary_name, d.amount_minor,
                d.narrative, d.compute_elements::text AS compute_elements, d.state,
                (SELECT r.disbursement_id FROM reissues AS r
                  WHERE r.tenant_id = d.tenant_id AND r.original_id = d.disbursement_id) AS reissued_as
           FROM disbursements AS d
          WHERE d.tenant_id = $1 AND d.disbursement_id = ANY($3) AND d.envelope_id = $2
          ORDER BY d.disbursement_id FOR NO KEY UPDATE OF d",
        [tenant.into(), envelope_id.into(), ids.into()],
    )
    .await
}

/// Which payments took whose place. Returns how many were written: a payment is replaced once.
pub async fn insert<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    envelope_id: &str,
    proposal_id: Uuid,
    at: OffsetDateTime,
    pairs: Vec<(String, String)>,
) -> StoreResult<u64> {
    let (originals, new): (Vec<String>, Vec<String>) = pairs.into_iter().unzip();
    sql::execute(
        tx,
        "INSERT INTO reissues (tenant_id, original_id, disbursement_id, envelope_id, proposal_id, reissued_at)
         SELECT $1, n.original_id, n.disbursement_id, $2, $3, $4
           FROM UNNEST($5::text[], $6::text[]) AS n(original_id, disbursement_id) ON CONFLICT DO NOTHING",
        [
            tenant.into(),
            envelope_id.into(),
            proposal_id.into(),
            at.into(),
            originals.into(),
            new.into(),
        ],
    )
    .await
}

/// Gives a new envelope to the maker of the old one, who can then ask for it.
pub async fn give_to_maker<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    id: &str,
    maker: &str,
) -> StoreResult<()> {
    sql::execute(
        tx,
        "UPDATE envelopes SET created_by = $3 WHERE tenant_id = $1 AND envelope_id = $2",
        [tenant.into(), id.into(), maker.into()],
    )
    .await?;
    Ok(())
}

/// The payment that this one replaced, and the one that replaced it.
#[derive(Debug, Clone, Default, FromQueryResult)]
pub struct Links {
    /// The payment whose place this one took.
    pub reissue_of: Option<String>,
    /// The payment that took this one's place.
    pub reissued_as: Option<String>,
}

/// The links of a payment.
pub async fn links<C: ConnectionTrait>(conn: &C, tenant: &str, id: &str) -> StoreResult<Links> {
    sql::fetch_one(
        conn,
        "the links of a payment",
        "SELECT (SELECT original_id FROM reissues WHERE tenant_id = $1 AND disbursement_id = $2) AS reissue_of,
                (SELECT disbursement_id FROM reissues WHERE tenant_id = $1 AND original_id = $2) AS reissued_as",
        [tenant.into(), id.into()],
    )
    .await
}
