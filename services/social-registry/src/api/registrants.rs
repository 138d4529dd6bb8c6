//! People and households.

use actix_web::{post, web};
use platform::{ApiJson, ApiResult, Caller, Masked, Page, PageQuery, Problem, clock::rfc3339};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    State,
    app::{self, registrants::Question},
    domain::dates::iso,
    store::records::{HistoryRow, Record},
};

/// What to look up by: `id_type` with `value`, or exactly one of the others.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LookupRequest {
    /// Type of an identity document.
    id_type: Option<String>,
    /// What stands on the document.
    #[schema(value_type = Option<String>)]
    value: Option<Masked<String>>,
    /// Pseudonym.
    pseudonym: Option<String>,
    /// Key of the source.
    #[schema(value_type = Option<String>)]
    external_id: Option<Masked<String>>,
    /// Social ID.
    #[schema(value_type = Option<String>)]
    social_id: Option<Masked<String>>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
struct LookupResponse {
    /// At most 50 records. Several when one document stands on several records.
    items: Vec<RegistrantView>,
}

/// A person or a household.
#[derive(Debug, Serialize, ToSchema)]
struct RegistrantView {
    /// The record.
    registrant_id: Uuid,
    /// `individual` or `group`.
    kind: String,
    /// Key of the source.
    #[schema(value_type = String)]
    external_id: Masked<String>,
    /// What partners know it by.
    pseudonym: String,
    /// Social ID, of people.
    #[schema(value_type = Option<String>)]
    social_id: Option<Masked<String>>,
    /// `active`, `duplicate` or `disabled`.
    status: String,
    /// The record that stands for the person, of duplicates.
    duplicate_of: Option<Uuid>,
    /// Its pseudonym.
    duplicate_of_pseudonym: Option<String>,
    /// Name.
    #[schema(value_type = String)]
    name: Masked<String>,
    /// `female`, `male` or `other`.
    gender: Option<String>,
    /// `YYYY-MM-DD`.
    #[schema(value_type = Option<String>)]
    birth_date: Option<Masked<String>>,
    /// District.
    district: Option<String>,
    /// `YYYY-MM-DD`.
    registration_date: String,
    /// Counts the changes.
    version: i32,
    /// Further attributes.
    #[schema(value_type = Object)]
    attributes: Masked<Value>,
    /// `[{id_type, value, expiry_date}]`
    #[schema(value_type = Vec<Object>)]
    identifiers: Masked<Value>,
    /// E.164.
    #[schema(value_type = Vec<String>)]
    phones: Masked<Value>,
    /// Memberships of a person, or members of a household.
    #[schema(value_type = Vec<Object>)]
    memberships: Masked<Value>,
    /// Scores by name.
    #[schema(value_type = Object)]
    scores: Value,
}

impl From<Record> for RegistrantView {
    fn from(r: Record) -> Self {
        Self {
            registrant_id: r.registrant_id,
            kind: r.kind,
            external_id: r.external_id.into(),
            pseudonym: r.pseudonym,
            social_id: r.social_id.map(Masked::new),
            status: r.status,
            duplicate_of: r.duplicate_of,
            duplicate_of_pseudonym: r.duplicate_of_pseudonym,
            name: r.name.into(),
            gender: r.gender,
            birth_date: r.birth_date.map(|d| Masked::new(iso(d))),
            district: r.district,
            registration_date: iso(r.registration_date),
            version: r.version,
            attributes: r.attributes.into(),
            identifiers: r.identifiers.into(),
            phones: r.phones.into(),
            memberships: r.memberships.into(),
            scores: r.scores,
        }
    }
}

/// Look up a person or household. IDs never stand in a URL. Every look-up is noted in the audit log.
#[utoipa::path(request_body = LookupRequest, responses((status = 200, body = LookupResponse), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)), security(("bearer" = [])))]
#[post("/registrants/lookup")]
pub(super) async fn look_up(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<LookupRequest>,
) -> ApiResult<web::Json<LookupResponse>> {
    let LookupRequest { id_type, value, pseudonym, external_id, social_id } = request.0;
    let document = match (id_type, value) {
        (Some(id_type), Some(value)) => Some((id_type, value.into_inner())),
        (None, None) => None,
        (id_type, _) => {
            let missing = if id_type.is_some() { "value" } else { "id_type" };
            return Err(platform::ApiError::unprocessable(
                "key_invalid",
                "id_type and value belong together",
            )
            .with_field(missing, "is missing"));
        }
    };
    let question = Question {
        document,
        pseudonym,
        external_id: external_id.map(Masked::into_inner),
        social_id: social_id.map(Masked::into_inner),
    };
    let records = app::registrants::look_up(&state, caller.ctx(), question).await?;
    Ok(web::Json(LookupResponse { items: records.into_iter().map(RegistrantView::from).collect() }))
}

/// Whose pseudonyms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PseudonymsRequest {
    /// Keys of the source, 1 to 1,000.
    #[schema(value_type = Vec<String>)]
    external_ids: Vec<Masked<String>>,
}

/// The pseudonym of a person.
#[derive(Debug, Serialize, ToSchema)]
struct PseudonymView {
    /// Key of the source, as asked.
    #[schema(value_type = String)]
    external_id: Masked<String>,
    /// Pseudonym of the record that stands for the person: of a duplicate, that of the record it is a duplicate of.
    pseudonym: String,
    /// That record.
    registrant_id: Uuid,
    /// Its social ID.
    #[schema(value_type = Option<String>)]
    social_id: Option<Masked<String>>,
    /// Whether the record asked for is a duplicate.
    duplicate: bool,
}

/// Pseudonyms of people by the keys of their source; unknown ones are left out.
#[utoipa::path(request_body = PseudonymsRequest, responses((status = 200, body = Vec<PseudonymView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)), security(("bearer" = [])))]
#[post("/registrants/pseudonyms")]
pub(super) async fn pseudonyms(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<PseudonymsRequest>,
) -> ApiResult<web::Json<Vec<PseudonymView>>> {
    let ids = request.0.external_ids.into_iter().map(Masked::into_inner).collect();
    let found = app::registrants::pseudonyms(&state, caller.ctx(), ids).await?;
    let views = found.into_iter().map(|p| PseudonymView {
        external_id: p.external_id.into(),
        pseudonym: p.pseudonym,
        registrant_id: p.registrant_id,
        social_id: p.social_id.map(Masked::new),
        duplicate: p.duplicate,
    });
    Ok(web::Json(views.collect()))
}

/// Whose comparison records.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ComparisonRequest {
    /// People, 1 to 1,000.
    registrant_ids: Vec<Uuid>,
}

/// What a person is compared by.
#[derive(Debug, Serialize, ToSchema)]
struct ComparisonView {
    /// The person.
    registrant_id: Uuid,
    /// The household.
    household_id: Option<Uuid>,
    /// Given name.
    #[schema(value_type = Option<String>)]
    given_name: Option<Masked<String>>,
    /// Family name.
    #[schema(value_type = Option<String>)]
    family_name: Option<Masked<String>>,
    /// Other names.
    #[schema(value_type = Option<String>)]
    additional_name: Option<Masked<String>>,
    /// Names in the order of the culture.
    #[schema(value_type = String)]
    full_name: Masked<String>,
    /// `female`, `male` or `other`.
    #[schema(value_type = Option<String>)]
    sex: Option<Masked<String>>,
    /// `YYYY-MM-DD`.
    #[schema(value_type = Option<String>)]
    birth_date: Option<Masked<String>>,
    /// Birth place.
    #[schema(value_type = Option<String>)]
    birth_place: Option<Masked<String>>,
    /// E.164.
    #[schema(value_type = Vec<String>)]
    phones: Vec<Masked<String>>,
    /// Keyed hashes of documents: equal for equal documents, useless otherwise.
    id_hashes: Vec<String>,
    /// Address, of the household when the person has none.
    #[schema(value_type = Option<String>)]
    address: Option<Masked<String>>,
    /// Village of the household.
    #[schema(value_type = Option<String>)]
    village: Option<Masked<String>>,
    /// District of the household.
    #[schema(value_type = Option<String>)]
    district: Option<Masked<String>>,
}

/// What people are compared by when duplicates are looked for. Unknown people and duplicates are left out.
#[utoipa::path(request_body = ComparisonRequest, responses((status = 200, body = Vec<ComparisonView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)), security(("bearer" = [])))]
#[post("/registrants/comparison-records")]
pub(super) async fn comparison_records(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<ComparisonRequest>,
) -> ApiResult<web::Json<Vec<ComparisonView>>> {
    let records = app::registrants::comparisons(&state, caller.ctx(), request.0.registrant_ids).await?;
    let masked = |text: Option<String>| text.map(Masked::new);
    let views = records.into_iter().map(|r| ComparisonView {
        registrant_id: r.registrant_id,
        household_id: r.household_id,
        given_name: masked(r.given_name),
        family_name: masked(r.family_name),
        additional_name: masked(r.additional_name),
        full_name: r.full_name.into(),
        sex: masked(r.sex),
        birth_date: masked(r.birth_date.map(iso)),
        birth_place: masked(r.birth_place),
        phones: r.phones.into_iter().map(Masked::new).collect(),
        id_hashes: r.id_hashes,
        address: masked(r.address),
        village: masked(r.village),
        district: masked(r.district),
    });
    Ok(web::Json(views.collect()))
}

/// Whose history.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HistoryRequest {
    /// The record.
    registrant_id: Uuid,
    /// The `next` of the page before.
    after: Option<String>,
    /// Changes wanted, 1 to 1,000.
    limit: Option<u32>,
}

/// A change of a record.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryView {
    /// Its number; grows.
    history_id: i64,
    /// When.
    at: String,
    /// Who.
    actor: String,
    /// Why.
    reason: String,
    /// `registrant`, `identifier`, `phone`, `membership`, `relationship` or `score`.
    entity: String,
    /// `created`, `updated`, `ended` or `deleted`.
    action: String,
    /// What was there.
    #[schema(value_type = Option<Object>)]
    before: Option<Masked<Value>>,
    /// What is there.
    #[schema(value_type = Option<Object>)]
    after: Option<Masked<Value>>,
}

impl From<HistoryRow> for HistoryView {
    fn from(h: HistoryRow) -> Self {
        Self {
            history_id: h.history_id,
            at: rfc3339(h.at),
            actor: h.actor,
            reason: h.reason,
            entity: h.entity,
            action: h.action,
            before: h.before.map(Masked::new),
            after: h.after.map(Masked::new),
        }
    }
}

/// Every change of a record and of what hangs on it, oldest first.
#[utoipa::path(request_body = HistoryRequest, responses((status = 200, body = Page<HistoryView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)), security(("bearer" = [])))]
#[post("/registrants/history")]
pub(super) async fn history(
    state: web::Data<State>,
    caller: Caller,
    request: ApiJson<HistoryRequest>,
) -> ApiResult<web::Json<Page<HistoryView>>> {
    let page = PageQuery { after: request.0.after, limit: request.0.limit };
    let after = super::cursor(page.after.as_deref())?.unwrap_or(0);
    let id = request.0.registrant_id;
    let rows = app::registrants::history(&state, caller.ctx(), id, after, page.limit()).await?;
    let views = rows.into_iter().map(HistoryView::from).collect();
    Ok(web::Json(Page::from_rows(views, page.limit(), |h: &HistoryView| h.history_id.to_string())))
}
