//! Names that records may use.

use sea_orm::{ConnectionTrait, FromQueryResult};
use storage::{StoreResult, sql};

use crate::domain::reference::{IdType, Reference, RelationType};

#[derive(FromQueryResult)]
struct Row {
    what: String,
    name: String,
    flag: bool,
    text: Option<String>,
    other: Option<String>,
}

/// Loads all names in one round trip.
pub(crate) async fn load<C: ConnectionTrait>(conn: &C, tenant: &str) -> StoreResult<Reference> {
    let rows: Vec<Row> = sql::fetch_all(
        conn,
        "SELECT 'group' AS what, name, false AS flag, NULL::text AS text, NULL::text AS other
           FROM group_kinds WHERE tenant_id = $1
         UNION ALL SELECT 'membership', name, is_unique, NULL, NULL FROM membership_kinds WHERE tenant_id = $1
         UNION ALL SELECT 'id', name, false, pattern, NULL FROM id_types WHERE tenant_id = $1
         UNION ALL SELECT 'relation', name, bidirectional, source_kind, destination_kind
           FROM relation_types WHERE tenant_id = $1",
        [tenant.into()],
    )
    .await?;
    let mut reference = Reference::default();
    for row in rows {
        match row.what.as_str() {
            "group" => {
                reference.group_kinds.insert(row.name);
            }
            "membership" => {
                reference.membership_kinds.insert(row.name, row.flag);
            }
            "id" => {
                // A pattern that cannot be read would let everything pass: better to know no such type.
                match IdType::new(row.text.as_deref()) {
                    Ok(id_type) => {
                        reference.id_types.insert(row.name, id_type);
                    }
                    Err(error) => {
                        tracing::error!(id_type = %row.name, error = %error, "the pattern of an ID type cannot be read");
                    }
                }
            }
            _ => {
                let relation = RelationType {
                    source_kind: row.text.unwrap_or_default(),
                    destination_kind: row.other.unwrap_or_default(),
                };
                reference.relations.insert(row.name, relation);
            }
        }
    }
    Ok(reference)
}
