//! Storing a page of pulled households.

use std::collections::{BTreeMap, HashMap};

use storage::{ConnectionTrait, FromQueryResult, StoreResult, sql, sql::nullable};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::household::Household;

/// Separates the kinds of a member on their way into `text[]`; never part of a kind.
const SEPARATOR: &str = "\u{1f}";

/// What a page changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageCounts {
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
}

#[derive(FromQueryResult)]
struct Known {
    household_id: String,
    content_hash: String,
    active: bool,
}

/// Stores the households of a page for a programme. The same page again changes nothing.
pub async fn apply_page<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    program: Uuid,
    mark: Uuid,
    at: OffsetDateTime,
    households: &[Household],
) -> StoreResult<PageCounts> {
    // A registry that gives a household twice in one page must not break the statement: the first one counts.
    let mut given: BTreeMap<&str, (&Household, String)> = BTreeMap::new();
    for household in households {
        given.entry(&household.id).or_insert_with(|| (household, household.content_hash()));
    }
    let known = known(tx, tenant, program, given.keys().map(|id| (*id).to_owned()).collect()).await?;
    let mut counts = PageCounts::default();
    let mut changed = Vec::new();
    let mut unchanged = Vec::new();
    for (id, (household, hash)) in &given {
        match known.get(*id) {
            None => counts.created += 1,
            Some((old, true)) if old == hash => {
                counts.unchanged += 1;
                unchanged.push((*id).to_owned());
                continue;
            }
            Some(_) => counts.updated += 1,
        }
        changed.push((*household, hash.as_str()));
    }
    let scope = Scope { tenant, program, mark, at };
    scope.seen(tx, unchanged).await?;
    if !changed.is_empty() {
        scope.put_households(tx, &changed).await?;
        scope.put_members(tx, &changed).await?;
        scope.put_identifiers(tx, &changed).await?;
    }
    Ok(counts)
}

async fn known<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    program: Uuid,
    ids: Vec<String>,
) -> StoreResult<HashMap<String, (String, bool)>> {
    let rows: Vec<Known> = sql::fetch_all(
        tx,
        "SELECT h.household_id, h.content_hash, h.active FROM UNNEST($3::text[]) AS given (id)
           JOIN households h ON h.tenant_id = $1 AND h.program_id = $2 AND h.household_id = given.id",
        [tenant.into(), program.into(), ids.into()],
    )
    .await?;
    Ok(rows.into_iter().map(|row| (row.household_id, (row.content_hash, row.active))).collect())
}

/// Whether the programme has a household that counts.
pub async fn any_active<C: ConnectionTrait>(conn: &C, tenant: &str, program: Uuid) -> StoreResult<bool> {
    let any: Option<bool> = sql::scalar(
        conn,
        "SELECT EXISTS (SELECT FROM households WHERE tenant_id = $1 AND program_id = $2 AND active)",
        [tenant.into(), program.into()],
    )
    .await?;
    Ok(any.unwrap_or(true))
}

/// Households that a finished pull did not meet have left the registry: they stay, but count no more.
pub async fn deactivate_unseen<C: ConnectionTrait>(
    tx: &C,
    tenant: &str,
    program: Uuid,
    mark: Uuid,
    at: OffsetDateTime,
) -> StoreResult<u64> {
    sql::execute(
        tx,
        "UPDATE households SET active = false, updated_at = $4
          WHERE tenant_id = $1 AND program_id = $2 AND active AND last_pull <> $3",
        [tenant.into(), program.into(), mark.into(), at.into()],
    )
    .await
}

/// Tells the planner what a bulk load changed; waiting for the server's own housekeeping would make the next statements
/// slow. A role that may not do this is told so by a warning only.
pub async fn analyze<C: ConnectionTrait>(conn: &C) -> StoreResult<()> {
    conn.execute_unprepared("ANALYZE households, members").await?;
    Ok(())
}

struct Scope<'a> {
    tenant: &'a str,
    program: Uuid,
    mark: Uuid,
    at: OffsetDateTime,
}

impl Scope<'_> {
    async fn seen<C: ConnectionTrait>(&self, tx: &C, ids: Vec<String>) -> StoreResult<()> {
        if ids.is_empty() {
            return Ok(());
        }
        sql::execute(
            tx,
            "UPDATE households h SET last_pull = $3 FROM UNNEST($4::text[]) AS given (id)
              WHERE h.tenant_id = $1 AND h.program_id = $2 AND h.household_id = given.id AND h.last_pull <> $3",
            [self.tenant.into(), self.program.into(), self.mark.into(), ids.into()],
        )
        .await?;
        Ok(())
    }

    async fn put_households<C: ConnectionTrait>(
        &self,
        tx: &C,
        changed: &[(&Household, &str)],
    ) -> StoreResult<()> {
        let each = || changed.iter().map(|(household, _)| *household);
        let hashes: Vec<String> = changed.iter().map(|(_, hash)| (*hash).to_owned()).collect();
        sql::execute(
            tx,
            include_str!("sql/put_households.sql"),
            [
                self.tenant.into(),
                self.program.into(),
                self.mark.into(),
                self.at.into(),
                each().map(|h| h.id.clone()).collect::<Vec<_>>().into(),
                nullable(each().map(|h| h.poverty_score).collect()),
                nullable(each().map(|h| h.group_size).collect()),
                nullable(each().map(|h| h.district.clone()).collect()),
                nullable(each().map(|h| h.registration_date).collect()),
                hashes.into(),
            ],
        )
        .await?;
        Ok(())
    }

    async fn put_members<C: ConnectionTrait>(
        &self,
        tx: &C,
        changed: &[(&Household, &str)],
    ) -> StoreResult<()> {
        let ids: Vec<String> = changed.iter().map(|(household, _)| household.id.clone()).collect();
        sql::execute(
            tx,
            "UPDATE members m SET active = false FROM UNNEST($3::text[]) AS given (id)
              WHERE m.tenant_id = $1 AND m.program_id = $2 AND m.household_id = given.id AND m.active",
            [self.tenant.into(), self.program.into(), ids.into()],
        )
        .await?;
        let each = || changed.iter().flat_map(|(h, _)| h.members.iter().map(|m| (h.id.as_str(), m)));
        sql::execute(
            tx,
            include_str!("sql/put_members.sql"),
            [
                self.tenant.into(),
                self.program.into(),
                each().map(|(household, _)| household.to_owned()).collect::<Vec<_>>().into(),
                each().map(|(_, m)| m.id.clone()).collect::<Vec<_>>().into(),
                nullable(each().map(|(_, m)| m.kinds.as_ref().map(|k| k.join(SEPARATOR))).collect()),
                nullable(each().map(|(_, m)| m.birth_date).collect()),
                nullable(each().map(|(_, m)| m.gender.clone()).collect()),
                SEPARATOR.into(),
            ],
        )
        .await?;
        Ok(())
    }

    async fn put_identifiers<C: ConnectionTrait>(
        &self,
        tx: &C,
        changed: &[(&Household, &str)],
    ) -> StoreResult<()> {
        let members = || changed.iter().flat_map(|(h, _)| h.members.iter());
        let ids: Vec<String> = members().map(|m| m.id.clone()).collect();
        sql::execute(
            tx,
            "UPDATE identifiers i SET active = false FROM UNNEST($3::text[]) AS given (id)
              WHERE i.tenant_id = $1 AND i.program_id = $2 AND i.member_id = given.id AND i.active",
            [self.tenant.into(), self.program.into(), ids.into()],
        )
        .await?;
        let each = || members().flat_map(|m| m.identifiers.iter().map(|(kind, hash)| (kind, hash, &m.id)));
        sql::execute(
            tx,
            include_str!("sql/put_identifiers.sql"),
            [
                self.tenant.into(),
                self.program.into(),
                each().map(|(kind, ..)| kind.clone()).collect::<Vec<_>>().into(),
                each().map(|(_, hash, _)| hash.clone()).collect::<Vec<_>>().into(),
                each().map(|(.., id)| id.clone()).collect::<Vec<_>>().into(),
            ],
        )
        .await?;
        Ok(())
    }
}
