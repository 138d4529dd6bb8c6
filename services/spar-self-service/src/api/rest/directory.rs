//! The directory as portals of 1.x (levels) and 2.x (banks, branches, wallets) ask for it. It is the mapper's; nothing of
//! it is kept here.

use actix_web::{HttpRequest, HttpResponse, post, web};
use g2p_connect::{RequestV2, ResponseV2};
use platform::clock::rfc3339;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    Refusal, answered, body,
    caller::{Effect, RestCaller},
    told,
};
use crate::{
    State,
    app::{Person, directory},
    peers,
};

type Shared = web::Data<State>;

/// Finds out who asks and what, and answers with what `work` makes of it.
async fn answer<Q: DeserializeOwned, A: Serialize>(
    req: HttpRequest,
    state: Shared,
    payload: web::Payload,
    work: impl AsyncFnOnce(&State, &Person, Q) -> Result<A, Refusal>,
) -> HttpResponse {
    let outcome = async {
        let caller = RestCaller::of(&req, &state, Effect::Reads).await?;
        let asked: Q = body(&req, payload).await?;
        Ok(told(work(&state, &caller.person, asked).await?))
    };
    answered(outcome.await)
}

/// A request of 1.x. Its header and its paging were never looked at.
#[derive(Deserialize, ToSchema)]
struct SparRequest<P> {
    /// Ignored.
    #[serde(default, rename = "request_header")]
    #[schema(value_type = Option<Object>)]
    _header: Option<Value>,
    /// Ignored.
    #[serde(default, rename = "request_pagination")]
    #[schema(value_type = Option<Object>)]
    _pagination: Option<Value>,
    /// What is asked for.
    request_payload: P,
}

/// An answer of 1.x.
#[derive(Serialize, ToSchema)]
struct SparAnswer<P> {
    /// Empty.
    #[schema(value_type = Object)]
    response_header: Map<String, Value>,
    /// `success`.
    response_status: &'static str,
    /// `null`.
    response_error_code: Option<&'static str>,
    /// `null`.
    response_message: Option<&'static str>,
    /// All there is stands on one page.
    #[schema(value_type = Option<Object>)]
    response_pagination: Option<Value>,
    /// What was asked for.
    response_payload: P,
}

impl<P> SparAnswer<P> {
    fn success(response_payload: P) -> Self {
        Self {
            response_header: Map::new(),
            response_status: "success",
            response_error_code: None,
            response_message: None,
            response_pagination: None,
            response_payload,
        }
    }
}

/// Which levels.
#[derive(Deserialize, ToSchema)]
struct LevelsRequest {
    /// Those below this one; 0 for the first ones, `null` for all.
    #[serde(default)]
    parent: Option<i64>,
}

/// A level.
#[derive(Serialize, ToSchema)]
struct Level {
    id: i64,
    name: String,
    /// `bank`, `branch`, `account`, `mobile_wallet_provider`, `mobile_number`, `email_wallet_provider` or `email_address`.
    level_type: String,
    /// `select`: one of its values is chosen. `input`: something is entered.
    input_type: String,
    /// The level before; 0 for the first ones.
    parent: i64,
    /// What may be entered.
    validation_regex: Option<String>,
}

impl From<peers::directory::Level> for Level {
    fn from(level: peers::directory::Level) -> Self {
        let peers::directory::Level { id, name, level_type, input_type, parent, validation_regex, active: _ } =
            level;
        Self { id, name, level_type, input_type, parent, validation_regex }
    }
}

/// The steps in which a person names an account (1.x).
#[utoipa::path(tag = "directory", request_body = SparRequest<LevelsRequest>, responses((status = 200, body = SparAnswer<Vec<Level>>), (status = 400, description = "Not of this shape: `G2P-REQ-102`"), (status = 401, description = "Not signed in: `G2P-AUT-401`"), (status = 503, description = "The mapper is away")))]
#[post("/dfsp/getLevels")]
pub(super) async fn get_levels(req: HttpRequest, state: Shared, payload: web::Payload) -> HttpResponse {
    answer(req, state, payload, async |state, person, asked: SparRequest<LevelsRequest>| {
        let levels = directory::levels(state, person, asked.request_payload.parent).await?;
        Ok(SparAnswer::success(levels.into_iter().map(Level::from).collect::<Vec<_>>()))
    })
    .await
}

/// Which values.
#[derive(Deserialize, ToSchema)]
struct LevelValuesRequest {
    /// Those of this level; `null` for all.
    #[serde(default)]
    level_id: Option<i64>,
    /// Those below this value; 0 for the first ones, `null` for any.
    #[serde(default)]
    parent: Option<i64>,
}

/// Something to choose at a level.
#[derive(Serialize, ToSchema)]
struct LevelValue {
    /// Unique over all levels.
    id: i64,
    name: String,
    code: String,
    /// `null`.
    description: Option<String>,
    /// The value chosen at the level before; 0 at the first.
    parent: i64,
    level_id: i64,
    /// Of a bank or a wallet: what addresses are to be written with.
    strategy_id: Option<i64>,
}

impl From<directory::LevelValue> for LevelValue {
    fn from(value: directory::LevelValue) -> Self {
        let directory::LevelValue { id, name, code, parent, level_id, strategy_id } = value;
        Self { id, name, code, description: None, parent, level_id, strategy_id }
    }
}

/// What there is to choose at a level (1.x).
#[utoipa::path(tag = "directory", request_body = SparRequest<LevelValuesRequest>, responses((status = 200, body = SparAnswer<Vec<LevelValue>>), (status = 400, description = "Not of this shape: `G2P-REQ-102`"), (status = 401, description = "Not signed in: `G2P-AUT-401`"), (status = 503, description = "The mapper is away")))]
#[post("/dfsp/getLevelValues")]
pub(super) async fn get_level_values(req: HttpRequest, state: Shared, payload: web::Payload) -> HttpResponse {
    answer(req, state, payload, async |state, person, asked: SparRequest<LevelValuesRequest>| {
        let LevelValuesRequest { level_id, parent } = asked.request_payload;
        let values = directory::level_values(state, person, level_id, parent).await?;
        Ok(SparAnswer::success(values.into_iter().map(LevelValue::from).collect::<Vec<_>>()))
    })
    .await
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
struct Nothing {}

/// Banks.
#[derive(Serialize, ToSchema)]
struct Banks {
    banks: Vec<Bank>,
}

/// A bank.
#[derive(Serialize, ToSchema)]
struct Bank {
    id: i64,
    bank_mnemonic: String,
    bank_name: String,
    bank_code: String,
}

impl From<&peers::directory::Bank> for Bank {
    fn from(bank: &peers::directory::Bank) -> Self {
        Self {
            id: bank.id,
            bank_mnemonic: bank.bank_mnemonic.clone(),
            bank_name: bank.bank_name.clone(),
            bank_code: bank.bank_code.clone(),
        }
    }
}

fn success<Q, A>(state: &State, asked: &RequestV2<Q>, payload: A) -> ResponseV2<A> {
    ResponseV2::success(&asked.request_header, rfc3339(state.clock.now()), payload)
}

/// Banks to choose from (2.x).
#[utoipa::path(tag = "directory", request_body = RequestV2<Nothing>, responses((status = 200, body = ResponseV2<Banks>), (status = 400, description = "Not of this shape: `G2P-REQ-102`"), (status = 401, description = "Not signed in: `G2P-AUT-401`"), (status = 503, description = "The mapper is away")))]
#[post("/dfsp/fetch-banks")]
pub(super) async fn fetch_banks(req: HttpRequest, state: Shared, payload: web::Payload) -> HttpResponse {
    answer(req, state, payload, async |state, person, asked: RequestV2<Nothing>| {
        let banks = directory::banks(state, person).await?.iter().map(Bank::from).collect();
        Ok(success(state, &asked, Banks { banks }))
    })
    .await
}

/// Which branches.
#[derive(Deserialize, ToSchema)]
struct BranchesRequest {
    /// Those of this bank; `null` for all.
    #[serde(default)]
    bank_id: Option<i64>,
}

/// Branches.
#[derive(Serialize, ToSchema)]
struct Branches {
    branches: Vec<Branch>,
}

/// A branch.
#[derive(Serialize, ToSchema)]
struct Branch {
    id: i64,
    branch_mnemonic: String,
    branch_name: String,
    branch_code: String,
    bank_id: i64,
}

impl From<&peers::directory::Branch> for Branch {
    fn from(branch: &peers::directory::Branch) -> Self {
        Self {
            id: branch.id,
            branch_mnemonic: branch.branch_mnemonic.clone(),
            branch_name: branch.branch_name.clone(),
            branch_code: branch.branch_code.clone(),
            bank_id: branch.bank_id,
        }
    }
}

/// Branches to choose from (2.x).
#[utoipa::path(tag = "directory", request_body = RequestV2<BranchesRequest>, responses((status = 200, body = ResponseV2<Branches>), (status = 400, description = "Not of this shape: `G2P-REQ-102`"), (status = 401, description = "Not signed in: `G2P-AUT-401`"), (status = 503, description = "The mapper is away")))]
#[post("/dfsp/fetch-branches")]
pub(super) async fn fetch_branches(req: HttpRequest, state: Shared, payload: web::Payload) -> HttpResponse {
    answer(req, state, payload, async |state, person, asked: RequestV2<BranchesRequest>| {
        let bank_id = asked.request_body.request_payload.bank_id;
        let branches = directory::branches(state, person, bank_id).await?.iter().map(Branch::from).collect();
        Ok(success(state, &asked, Branches { branches }))
    })
    .await
}

/// Providers of wallets.
#[derive(Serialize, ToSchema)]
struct Wallets {
    wallet_service_providers: Vec<Wallet>,
}

/// A provider of wallets.
#[derive(Serialize, ToSchema)]
struct Wallet {
    id: i64,
    sp_mnemonic: String,
    sp_name: String,
    sp_code: String,
    /// `MOBILE_WALLET` or `EMAIL_WALLET`.
    wallet_type: String,
}

impl From<&peers::directory::Wallet> for Wallet {
    fn from(wallet: &peers::directory::Wallet) -> Self {
        Self {
            id: wallet.id,
            sp_mnemonic: wallet.sp_mnemonic.clone(),
            sp_name: wallet.sp_name.clone(),
            sp_code: wallet.sp_code.clone(),
            wallet_type: wallet.wallet_type.clone(),
        }
    }
}

/// Providers of wallets to choose from (2.x).
#[utoipa::path(tag = "directory", request_body = RequestV2<Nothing>, responses((status = 200, body = ResponseV2<Wallets>), (status = 400, description = "Not of this shape: `G2P-REQ-102`"), (status = 401, description = "Not signed in: `G2P-AUT-401`"), (status = 503, description = "The mapper is away")))]
#[post("/dfsp/fetch-wallet-service-providers")]
pub(super) async fn fetch_wallets(req: HttpRequest, state: Shared, payload: web::Payload) -> HttpResponse {
    answer(req, state, payload, async |state, person, asked: RequestV2<Nothing>| {
        let wallets = directory::wallets(state, person).await?;
        let wallet_service_providers = wallets.iter().map(Wallet::from).collect();
        Ok(success(state, &asked, Wallets { wallet_service_providers }))
    })
    .await
}
