//! The directory: banks, their branches, providers of wallets, and the levels in which a person names an account.
//! Nothing in it is about a person, so its ids stand in addresses.

use actix_web::{HttpRequest, HttpResponse, get, http::header::CONTENT_TYPE, patch, post, web};
use platform::{ApiError, ApiJson, ApiResult, Caller, Page, PageQuery, Problem};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    cursor,
    entries::{
        BankRequest, BankView, BranchRequest, BranchView, LevelView, NotedView, ReportView, WalletRequest,
        WalletView,
    },
};
use crate::{
    api::Shared,
    app::directory,
    domain::{EntryKind, Given, Pattern, WalletType},
    store::directory::{Entry, LevelChange, Wanted},
};

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// A word of the name, or the code, begins with this. Accents and case do not matter.
    search: Option<String>,
    /// Exactly this code.
    code: Option<String>,
    /// Only active ones, or only inactive ones; both when absent.
    active: Option<bool>,
}

impl Filter {
    fn wanted<'a>(&'a self, page: &PageQuery) -> ApiResult<Wanted<'a>> {
        let search = self.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if search.is_some_and(|text| text.len() > 200) {
            return Err(ApiError::bad_request("invalid_field", "search is longer than 200 bytes")
                .with_field("search", "at most 200 bytes"));
        }
        Ok(Wanted {
            search,
            code: self.code.as_deref(),
            active: self.active,
            after: cursor(page.after.as_deref())?,
            limit: i64::from(page.limit()) + 1,
            ..Wanted::default()
        })
    }
}

async fn list<V: From<Entry>>(
    state: &Shared,
    caller: &Caller,
    kind: EntryKind,
    wanted: Wanted<'_>,
    page: &PageQuery,
) -> ApiResult<web::Json<Page<V>>> {
    let rows = directory::list(state, caller.ctx(), kind, &wanted).await?;
    let page = Page::from_rows(rows, page.limit(), |entry| entry.id.to_string());
    Ok(web::Json(Page { items: page.items.into_iter().map(V::from).collect(), next: page.next }))
}

/// What a request says of an entry, checked.
fn given(kind: EntryKind, new: bool, values: &[(&'static str, Option<String>)]) -> ApiResult<Given> {
    let code = ["bank_code", "branch_code", "sp_code", "wallet_type"];
    if !new
        && let Some((name, _)) = values.iter().find(|(name, value)| code.contains(name) && value.is_some())
    {
        let why = "cannot be changed, because it stands in addresses: deactivate this entry and add another";
        return Err(ApiError::unprocessable("invalid_field", format!("{name} {why}")).with_field(*name, why));
    }
    let values: Vec<_> =
        values.iter().map(|(name, value)| (*name, value.as_deref().unwrap_or_default())).collect();
    Given::read(kind, new, &values).map_err(|faults| {
        let error = ApiError::unprocessable("invalid_field", "some fields are wrong");
        faults
            .into_iter()
            .fold(error, |error, fault| error.with_field(fault.column.unwrap_or_default(), fault.message))
    })
}

/// Of which country.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfCountry {
    /// Two letters, as in ISO 3166.
    country: Option<String>,
}

/// Banks, in the order of their names. Needs `directory:read`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), params(Filter, OfCountry, PageQuery), responses((status = 200, body = Page<BankView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[get("/directory/banks")]
pub(super) async fn banks(
    state: Shared,
    caller: Caller,
    filter: web::Query<Filter>,
    of: web::Query<OfCountry>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<BankView>>> {
    let wanted = Wanted { country: of.country.as_deref(), ..filter.wanted(&page)? };
    list(&state, &caller, EntryKind::Bank, wanted, &page).await
}

/// Add a bank. Needs `directory:write`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), request_body = BankRequest, responses((status = 201, body = BankView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/directory/banks")]
pub(super) async fn add_bank(
    state: Shared,
    caller: Caller,
    body: ApiJson<BankRequest>,
) -> ApiResult<HttpResponse> {
    let given = given(EntryKind::Bank, true, &body.0.values())?;
    let added = directory::create(&state, caller.ctx(), EntryKind::Bank, given).await?;
    Ok(HttpResponse::Created().json(BankView::from(added)))
}

/// Change what is given of a bank; `active: false` takes it out of use. Needs `directory:write`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), params(("id" = i64, Path)), request_body = BankRequest, responses((status = 200, body = BankView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[patch("/directory/banks/{id}")]
pub(super) async fn change_bank(
    state: Shared,
    caller: Caller,
    id: web::Path<i64>,
    body: ApiJson<BankRequest>,
) -> ApiResult<web::Json<BankView>> {
    let given = given(EntryKind::Bank, false, &body.0.values())?;
    let changed = directory::update(&state, caller.ctx(), EntryKind::Bank, *id, given).await?;
    Ok(web::Json(changed.into()))
}

/// Of which bank.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfBank {
    /// Id of the bank.
    bank_id: Option<i64>,
}

/// Branches, in the order of their names. Needs `directory:read`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), params(Filter, OfBank, PageQuery), responses((status = 200, body = Page<BranchView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[get("/directory/branches")]
pub(super) async fn branches(
    state: Shared,
    caller: Caller,
    filter: web::Query<Filter>,
    of: web::Query<OfBank>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<BranchView>>> {
    let wanted = Wanted { bank_id: of.bank_id, ..filter.wanted(&page)? };
    list(&state, &caller, EntryKind::Branch, wanted, &page).await
}

/// Add a branch. Needs `directory:write`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), request_body = BranchRequest, responses((status = 201, body = BranchView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/directory/branches")]
pub(super) async fn add_branch(
    state: Shared,
    caller: Caller,
    body: ApiJson<BranchRequest>,
) -> ApiResult<HttpResponse> {
    let given = given(EntryKind::Branch, true, &body.0.values())?;
    let added = directory::create(&state, caller.ctx(), EntryKind::Branch, given).await?;
    Ok(HttpResponse::Created().json(BranchView::from(added)))
}

/// Change what is given of a branch; `active: false` takes it out of use. Needs `directory:write`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), params(("id" = i64, Path)), request_body = BranchRequest, responses((status = 200, body = BranchView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[patch("/directory/branches/{id}")]
pub(super) async fn change_branch(
    state: Shared,
    caller: Caller,
    id: web::Path<i64>,
    body: ApiJson<BranchRequest>,
) -> ApiResult<web::Json<BranchView>> {
    let given = given(EntryKind::Branch, false, &body.0.values())?;
    let changed = directory::update(&state, caller.ctx(), EntryKind::Branch, *id, given).await?;
    Ok(web::Json(changed.into()))
}

/// Of which type.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfType {
    /// `MOBILE_WALLET` or `EMAIL_WALLET`.
    wallet_type: Option<String>,
}

/// Providers of wallets, in the order of their names. Needs `directory:read`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), params(Filter, OfCountry, OfType, PageQuery), responses((status = 200, body = Page<WalletView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[get("/directory/wallet-providers")]
pub(super) async fn wallets(
    state: Shared,
    caller: Caller,
    filter: web::Query<Filter>,
    of: web::Query<OfCountry>,
    kind: web::Query<OfType>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<WalletView>>> {
    let rule = "is MOBILE_WALLET or EMAIL_WALLET";
    let wallet_type = kind.wallet_type.as_deref().map(|text| {
        WalletType::parse(text).ok_or_else(|| {
            ApiError::bad_request("invalid_field", format!("wallet_type {rule}"))
                .with_field("wallet_type", rule)
        })
    });
    let wallet_type = wallet_type.transpose()?;
    let wanted = Wanted { country: of.country.as_deref(), wallet_type, ..filter.wanted(&page)? };
    list(&state, &caller, EntryKind::Wallet, wanted, &page).await
}

/// Add a provider of wallets. Needs `directory:write`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), request_body = WalletRequest, responses((status = 201, body = WalletView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[post("/directory/wallet-providers")]
pub(super) async fn add_wallet(
    state: Shared,
    caller: Caller,
    body: ApiJson<WalletRequest>,
) -> ApiResult<HttpResponse> {
    let given = given(EntryKind::Wallet, true, &body.0.values())?;
    let added = directory::create(&state, caller.ctx(), EntryKind::Wallet, given).await?;
    Ok(HttpResponse::Created().json(WalletView::from(added)))
}

/// Change what is given of a provider of wallets; `active: false` takes it out of use. Needs `directory:write`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), params(("id" = i64, Path)), request_body = WalletRequest, responses((status = 200, body = WalletView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
#[patch("/directory/wallet-providers/{id}")]
pub(super) async fn change_wallet(
    state: Shared,
    caller: Caller,
    id: web::Path<i64>,
    body: ApiJson<WalletRequest>,
) -> ApiResult<web::Json<WalletView>> {
    let given = given(EntryKind::Wallet, false, &body.0.values())?;
    let changed = directory::update(&state, caller.ctx(), EntryKind::Wallet, *id, given).await?;
    Ok(web::Json(changed.into()))
}

/// The levels in which a person names an account, by id. They are few: one page. Needs `directory:read`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), responses((status = 200, body = Page<LevelView>), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[get("/directory/levels")]
pub(super) async fn levels(state: Shared, caller: Caller) -> ApiResult<web::Json<Page<LevelView>>> {
    let levels = directory::levels(&state, caller.ctx()).await?;
    Ok(web::Json(Page { items: levels.into_iter().map(LevelView::from).collect(), next: None }))
}

/// What to change of a level.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LevelRequest {
    /// What people see.
    #[serde(default)]
    name: Option<String>,
    /// What may be entered at a level of the type `input`: a regular expression for the whole of it; empty for anything.
    #[serde(default)]
    validation_regex: Option<String>,
    /// Whether it is used.
    #[serde(default)]
    active: Option<bool>,
}

/// Change a level. Needs `directory:write`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), params(("id" = i64, Path)), request_body = LevelRequest, responses((status = 200, body = LevelView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
#[patch("/directory/levels/{id}")]
pub(super) async fn change_level(
    state: Shared,
    caller: Caller,
    id: web::Path<i64>,
    body: ApiJson<LevelRequest>,
) -> ApiResult<web::Json<LevelView>> {
    let LevelRequest { name, validation_regex, active } = body.0;
    let wrong = |field: &str, why: String| {
        ApiError::unprocessable("invalid_field", format!("{field} {why}")).with_field(field, why)
    };
    if name.as_ref().is_some_and(|n| n.trim().is_empty() || n.len() > 255 || n.chars().any(char::is_control))
    {
        return Err(wrong("name", "must have 1 to 255 bytes without control characters".to_owned()));
    }
    let validation_regex = match validation_regex {
        None => None,
        Some(text) if text.is_empty() => Some(None),
        Some(text) => {
            Pattern::new(&text).map_err(|why| wrong("validation_regex", why))?;
            Some(Some(text))
        }
    };
    let change = LevelChange { name, validation_regex, active };
    Ok(web::Json(directory::change_level(&state, caller.ctx(), *id, change).await?.into()))
}

/// Of which entry.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfEntry {
    /// Id of a bank, a branch, a provider of wallets or a level; all of them when absent.
    id: Option<i64>,
}

/// What was changed in the directory, oldest first, also by scripts. Needs `directory:read`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), params(OfEntry, PageQuery), responses((status = 200, body = Page<NotedView>), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
#[get("/directory/history")]
pub(super) async fn history(
    state: Shared,
    caller: Caller,
    of: web::Query<OfEntry>,
    page: web::Query<PageQuery>,
) -> ApiResult<web::Json<Page<NotedView>>> {
    let from = cursor(page.after.as_deref())?.unwrap_or_default();
    let rows = directory::history(&state, caller.ctx(), of.id, from, i64::from(page.limit()) + 1).await?;
    let page = Page::from_rows(rows, page.limit(), |noted| noted.seq.to_string());
    Ok(web::Json(Page { items: page.items.into_iter().map(NotedView::from).collect(), next: page.next }))
}

/// Load a CSV file (commas, UTF-8, a header line): entries whose code is known are changed, others are added. A line that
/// cannot be taken is named and left out; empty values leave what is there. `kind` is `banks`, `branches` or
/// `wallet-providers`. Needs `directory:write`.
#[utoipa::path(tag = "directory", security(("bearer" = [])), params(("kind" = String, Path)), request_body(content = String, content_type = "text/csv"), responses((status = 200, body = ReportView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 413, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
#[post("/directory/{kind}/import")]
pub(super) async fn import(
    state: Shared,
    caller: Caller,
    kind: web::Path<String>,
    request: HttpRequest,
    payload: web::Payload,
) -> ApiResult<web::Json<ReportView>> {
    caller.ctx().require(directory::WRITE)?;
    let kind = EntryKind::parse(&kind).ok_or_else(|| ApiError::not_found("a list of this name"))?;
    let content = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if content.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case("text/csv")) {
        return Err(ApiError::unsupported_media_type("send the file as text/csv"));
    }
    let limit = state.config.directory_max_bytes;
    let file = platform::body::read(&request, payload.into_inner(), limit).await?;
    Ok(web::Json(directory::import(&state, caller.ctx(), kind, &file).await?.into()))
}
