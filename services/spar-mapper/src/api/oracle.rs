//! Oracle of a Mojaloop Account Lookup Service.
//!
//! The paths are those of the standard, so a party's identifier stands in the address. Logs and traces of the service
//! have the pattern of the route, never the address; a proxy in front of it has to be told the same.

mod wire;

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use platform::{ApiError, Sender};
use serde::de::DeserializeOwned;
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::wire::{
    BulkAnswer, BulkRequest, ErrorInformationResponse, FspRequest, Narrowed, Party, PartyFsp, PartyIdInfo,
    PartyList, PartyResult, Refused,
};
use super::Shared;
use crate::{
    State,
    app::{
        Caller,
        oracle::{self, Participant},
    },
    domain::{MAX_MESSAGE_ID, PartyFault, PartyTypes},
};

/// Largest body, as the standard has it.
const MAX_BODY: usize = 5 * 1024 * 1024;

type Bearer = Result<platform::Caller, ApiError>;

/// Registers the paths. Those with a sub-id behind the identifier do the same.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(find).service(add).service(replace).service(remove).service(add_all);
    config.map(|plain| {
        plain.service(
            web::resource("/participants/{Type}/{ID}/{SubId}")
                .route(web::get().to(found))
                .route(web::post().to(added))
                .route(web::put().to(replaced))
                .route(web::delete().to(removed)),
        )
    });
}

/// The partner that a bearer token names. An oracle is asked by systems, not by people.
async fn sender(state: &State, bearer: Bearer) -> Result<(Sender, platform::Ctx), Refused> {
    let ctx = bearer?.into_ctx();
    let platform::Actor::Partner(id) = &ctx.actor else {
        return Err(ApiError::forbidden("the oracle answers partners only").into());
    };
    let partner = state.partners.find(id).await.map_err(ApiError::from)?;
    let partner = partner.ok_or_else(|| ApiError::forbidden("the partner is not registered any more"))?;
    Ok((Sender { partner, verified: true }, ctx))
}

fn id_of(state: &State, party: &Party, sub: Option<&str>) -> Result<String, Refused> {
    let sub = party.sub.as_deref().or(sub);
    Ok(PartyTypes(&state.config.oracle_types).id_of(&party.kind, &party.identifier, sub)?)
}

fn participant(state: &State, fsp_id: &str, currency: Option<&str>) -> Result<Participant, Refused> {
    let currency = currency.unwrap_or(&state.config.oracle_currency);
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(Refused::new("3101", "currency must be three capital letters"));
    }
    if !(1..=32).contains(&fsp_id.chars().count())
        || fsp_id.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return Err(Refused::new("3101", "fspId must have 1 to 32 characters without spaces"));
    }
    Ok(Participant { fsp_id: fsp_id.to_owned(), currency: currency.to_owned() })
}

async fn read<T: DeserializeOwned>(req: &HttpRequest, payload: web::Payload) -> Result<T, Refused> {
    let body = platform::body::read(req, payload.into_inner(), MAX_BODY).await?;
    platform::signed::parse_json(&body)
        .map_err(|fault| Refused::new("3101", format!("{}: {}", fault.field(), fault.message())))
}

fn answer(outcome: Result<HttpResponse, Refused>) -> HttpResponse {
    outcome.unwrap_or_else(Refused::response)
}

fn message_id() -> String {
    Uuid::now_v7().to_string()
}

async fn found(
    state: Shared,
    bearer: Bearer,
    party: web::Path<Party>,
    only: web::Query<Narrowed>,
) -> HttpResponse {
    let work = async {
        let (sender, ctx) = sender(&state, bearer).await?;
        let caller = Caller::new(ctx, &sender, "").through(oracle::CHANNEL);
        let sub = only.party_sub_id_or_type.as_deref();
        let id = id_of(&state, &party, sub)?;
        let found = oracle::find(&state, &caller, &id, only.currency.as_deref()).await;
        let Participant { fsp_id, currency } = found.map_err(|fault| Refused::of(fault, "3204"))?;
        let party_sub_id_or_type = party.sub.as_deref().or(sub).map(str::to_owned);
        let party_list = vec![PartyFsp { fsp_id, currency, party_sub_id_or_type }];
        Ok(HttpResponse::Ok().json(PartyList { party_list }))
    };
    answer(work.await)
}

/// Which FSP has the account of a party. Needs `mapper:resolve`.
#[utoipa::path(tag = "oracle", security(("bearer" = [])), params(("Type" = String, Path), ("ID" = String, Path), Narrowed), responses((status = 200, body = PartyList), (status = 400, description = "`3204`: not found. `3101`: not an identifier of this type", body = ErrorInformationResponse), (status = 401, body = ErrorInformationResponse), (status = 403, body = ErrorInformationResponse)))]
#[get("/participants/{Type}/{ID}")]
async fn find(
    state: Shared,
    bearer: Bearer,
    party: web::Path<Party>,
    only: web::Query<Narrowed>,
) -> HttpResponse {
    found(state, bearer, party, only).await
}

async fn added(
    state: Shared,
    bearer: Bearer,
    party: web::Path<Party>,
    req: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let work = async {
        let (sender, ctx) = sender(&state, bearer).await?;
        let id = message_id();
        let caller = Caller::new(ctx, &sender, &id).through(oracle::CHANNEL);
        let asked: FspRequest = read(&req, payload).await?;
        let id = id_of(&state, &party, asked.party_sub_id_or_type.as_deref())?;
        let wanted = participant(&state, &asked.fsp_id, asked.currency.as_deref())?;
        let outcome = oracle::add(&state, &caller, &[(id, wanted)]).await;
        match outcome.map_err(|fault| Refused::of(fault, "3003"))?.first() {
            Some(None) => Ok(HttpResponse::Created().finish()),
            Some(Some(why)) => Err(Refused::new("3003", *why)),
            None => Err(ApiError::internal("a party without its answer").into()),
        }
    };
    answer(work.await)
}

/// Say which FSP has the account of a party that has none here. Needs `mapper:link`.
#[utoipa::path(tag = "oracle", security(("bearer" = [])), params(("Type" = String, Path), ("ID" = String, Path)), request_body = FspRequest, responses((status = 201), (status = 400, description = "`3003`: not added, and why", body = ErrorInformationResponse), (status = 401, body = ErrorInformationResponse), (status = 403, body = ErrorInformationResponse)))]
#[post("/participants/{Type}/{ID}")]
async fn add(
    state: Shared,
    bearer: Bearer,
    party: web::Path<Party>,
    req: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    added(state, bearer, party, req, payload).await
}

async fn replaced(
    state: Shared,
    bearer: Bearer,
    party: web::Path<Party>,
    req: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let work = async {
        let (sender, ctx) = sender(&state, bearer).await?;
        let id = message_id();
        let caller = Caller::new(ctx, &sender, &id).through(oracle::CHANNEL);
        let asked: FspRequest = read(&req, payload).await?;
        let id = id_of(&state, &party, asked.party_sub_id_or_type.as_deref())?;
        let wanted = participant(&state, &asked.fsp_id, asked.currency.as_deref())?;
        let outcome = oracle::replace(&state, &caller, &id, wanted).await;
        outcome.map_err(|fault| Refused::of(fault, "3003"))?;
        // An Account Lookup Service takes an answer without a body for a failure.
        Ok(HttpResponse::Ok().json(json!({"fspId": asked.fsp_id})))
    };
    answer(work.await)
}

/// Say that another FSP has the account of a party that an oracle added. Needs `mapper:update`.
#[utoipa::path(tag = "oracle", security(("bearer" = [])), params(("Type" = String, Path), ("ID" = String, Path)), request_body = FspRequest, responses((status = 200, description = "`fspId`"), (status = 400, description = "`3204`: not found. `3003`: not changed, and why", body = ErrorInformationResponse), (status = 401, body = ErrorInformationResponse), (status = 403, body = ErrorInformationResponse)))]
#[put("/participants/{Type}/{ID}")]
async fn replace(
    state: Shared,
    bearer: Bearer,
    party: web::Path<Party>,
    req: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    replaced(state, bearer, party, req, payload).await
}

async fn removed(
    state: Shared,
    bearer: Bearer,
    party: web::Path<Party>,
    only: web::Query<Narrowed>,
) -> HttpResponse {
    let work = async {
        let (sender, ctx) = sender(&state, bearer).await?;
        let id = message_id();
        let caller = Caller::new(ctx, &sender, &id).through(oracle::CHANNEL);
        let id = id_of(&state, &party, only.party_sub_id_or_type.as_deref())?;
        let outcome = oracle::remove(&state, &caller, &id, only.currency.as_deref()).await;
        outcome.map_err(|fault| Refused::of(fault, "3040"))?;
        Ok(HttpResponse::NoContent().finish())
    };
    answer(work.await)
}

/// Remove a party that an oracle added. Needs `mapper:unlink`.
#[utoipa::path(tag = "oracle", security(("bearer" = [])), params(("Type" = String, Path), ("ID" = String, Path), Narrowed), responses((status = 204), (status = 400, description = "`3204`: not found. `3040`: not removed, and why", body = ErrorInformationResponse), (status = 401, body = ErrorInformationResponse), (status = 403, body = ErrorInformationResponse)))]
#[delete("/participants/{Type}/{ID}")]
async fn remove(
    state: Shared,
    bearer: Bearer,
    party: web::Path<Party>,
    only: web::Query<Narrowed>,
) -> HttpResponse {
    removed(state, bearer, party, only).await
}

/// Say of many parties which FSP has their account. Each is added or not whatever becomes of the others. Needs
/// `mapper:link`.
#[utoipa::path(tag = "oracle", security(("bearer" = [])), request_body = BulkRequest, responses((status = 201, body = BulkAnswer), (status = 400, body = ErrorInformationResponse), (status = 401, body = ErrorInformationResponse), (status = 403, body = ErrorInformationResponse)))]
#[post("/participants")]
async fn add_all(state: Shared, bearer: Bearer, req: HttpRequest, payload: web::Payload) -> HttpResponse {
    let work = async {
        let (sender, ctx) = sender(&state, bearer).await?;
        let asked: BulkRequest = read(&req, payload).await?;
        let limit = state.config.oracle_max_batch;
        if asked.party_list.is_empty() || asked.party_list.len() > limit {
            return Err(Refused::new("3103", format!("partyList must have 1 to {limit} parties")));
        }
        if asked.request_id.len() > MAX_MESSAGE_ID {
            return Err(Refused::new("3101", "requestId must have at most 255 bytes"));
        }
        let caller = Caller::new(ctx, &sender, &asked.request_id).through(oracle::CHANNEL);
        let read: Vec<Result<(String, Participant), Refused>> =
            asked.party_list.iter().map(|party| party_of(&state, party, asked.currency.as_deref())).collect();
        let wanted: Vec<(String, Participant)> =
            read.iter().filter_map(|read| read.as_ref().ok().cloned()).collect();
        let outcome = oracle::add(&state, &caller, &wanted).await;
        let mut outcomes = outcome.map_err(|fault| Refused::of(fault, "3003"))?.into_iter();
        let party_list = asked.party_list.into_iter().zip(read).map(|(party_id, read)| {
            let refused = match read {
                Ok(_) => outcomes.next().flatten().map(|why| Refused::new("3003", why)),
                Err(refused) => Some(refused),
            };
            PartyResult { party_id, error_information: refused.map(Refused::information) }
        });
        let answer = BulkAnswer { party_list: party_list.collect(), currency: asked.currency };
        Ok(HttpResponse::Created().json(answer))
    };
    answer(work.await)
}

fn party_of(
    state: &State,
    party: &PartyIdInfo,
    currency: Option<&str>,
) -> Result<(String, Participant), Refused> {
    let fsp_id = party.fsp_id.as_deref().ok_or_else(|| Refused::new("3102", "fspId is missing"))?;
    let wanted = participant(state, fsp_id, party.currency.as_deref().or(currency))?;
    let types = PartyTypes(&state.config.oracle_types);
    let id =
        types.id_of(&party.party_id_type, &party.party_identifier, party.party_sub_id_or_type.as_deref());
    // Of what is asked for "not found" is right; of what is to be added it is not.
    let id = id.map_err(|fault| match fault {
        PartyFault::UnknownType => Refused::new("3003", "parties of this type are not kept here"),
        fault @ PartyFault::Malformed(_) => fault.into(),
    })?;
    Ok((id, wanted))
}
