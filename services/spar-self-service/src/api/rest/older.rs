//! The self-service API of SPAR 1.x.

use actix_web::{HttpRequest, HttpResponse, post, web};
use g2p_connect::mapper::newer::FaObject;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    Answer, Refusal, answered, body,
    caller::{Effect, RestCaller},
    told,
};
use crate::{
    State,
    app::{self, Direct},
    peers::mapper::{More, Operation},
};

/// A request. Header and paging are not read; an id anywhere in it is not either.
#[derive(Deserialize, ToSchema)]
struct OlderRequest {
    request_payload: OlderPayload,
}

/// The new account.
#[derive(Deserialize, ToSchema)]
struct OlderPayload {
    /// `strategy_id`, `fa_type` and the parts of the address.
    fa: FaObject,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    phone_number: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    additional_info: Option<Vec<Value>>,
}

/// An answer.
#[derive(Serialize, ToSchema)]
struct OlderResponse {
    /// `success` or `failure`.
    response_status: &'static str,
    response_error_code: Option<String>,
    response_message: Option<String>,
    #[schema(value_type = Object)]
    response_payload: Value,
}

fn success(response_payload: Value) -> HttpResponse {
    told(OlderResponse {
        response_status: "success",
        response_error_code: None,
        response_message: None,
        response_payload,
    })
}

fn failure(code: &str, message: &str) -> HttpResponse {
    told(OlderResponse {
        response_status: "failure",
        response_error_code: Some(code.to_owned()),
        response_message: Some(message.to_owned()),
        response_payload: json!({}),
    })
}

fn outcome(direct: Direct) -> Answer {
    match direct {
        Direct::Done(_) => Ok(success(json!({}))),
        Direct::Refused { code, text } => Ok(failure(&code, text)),
        Direct::ProveAgain => Err(Refusal::prove_again()),
    }
}

async fn set(req: &HttpRequest, state: &State, payload: web::Payload, operation: Operation) -> Answer {
    let caller = RestCaller::of(req, state, Effect::Changes).await?;
    let request: OlderRequest = body(req, payload).await?;
    let OlderPayload { fa, name, phone_number, additional_info } = request.request_payload;
    let address = match app::read_address(state, &fa).await? {
        Ok(address) => address,
        Err(why) => return Ok(failure("rjct.fa.invalid", &why)),
    };
    let more = More { name, phone_number, additional_info };
    outcome(app::set_account(state, &caller.person, operation, &address, more).await?)
}

/// Give the person who is signed in an account.
#[utoipa::path(
    tag = "SPAR 1.x",
    request_body = OlderRequest,
    responses((status = 200, body = OlderResponse), (status = 400, description = "`G2P-REQ-102`"), (status = 401), (status = 403), (status = 503)),
)]
#[post("/link")]
pub(super) async fn link(req: HttpRequest, state: web::Data<State>, payload: web::Payload) -> HttpResponse {
    answered(set(&req, &state, payload, Operation::Link).await)
}

/// Give the person who is signed in another account than the one she has.
#[utoipa::path(
    tag = "SPAR 1.x",
    request_body = OlderRequest,
    responses((status = 200, body = OlderResponse), (status = 400, description = "`G2P-REQ-102`"), (status = 401), (status = 403), (status = 503)),
)]
#[post("/update")]
pub(super) async fn update(req: HttpRequest, state: web::Data<State>, payload: web::Payload) -> HttpResponse {
    answered(set(&req, &state, payload, Operation::Update).await)
}

/// The account of the person who is signed in, whole. A body is not read.
#[utoipa::path(tag = "SPAR 1.x", responses((status = 200, body = OlderResponse), (status = 401), (status = 503)))]
#[post("/resolve")]
pub(super) async fn resolve(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answered(tell(&req, &state).await)
}

async fn tell(req: &HttpRequest, state: &State) -> Answer {
    let caller = RestCaller::of(req, state, Effect::Changes).await?;
    Ok(match app::whole_account(state, &caller.person).await? {
        Some(linked) => success(json!({
            "fa": app::as_object(&linked.fa), "name": null, "phone_number": null,
            "additional_info": linked.additional_info,
        })),
        None => failure("succ.fa.not_linked_to_id", "ID doesnt exist please link first"),
    })
}

/// Take away the account of the person who is signed in. A body is not read.
#[utoipa::path(tag = "SPAR 1.x", responses((status = 200, body = OlderResponse), (status = 401), (status = 403), (status = 503)))]
#[post("/unlink")]
pub(super) async fn unlink(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answered(take_away(&req, &state).await)
}

async fn take_away(req: &HttpRequest, state: &State) -> Answer {
    let caller = RestCaller::of(req, state, Effect::Changes).await?;
    outcome(app::unset_account(state, &caller.person).await?)
}

/// How id and address would be written. Changes nothing.
#[utoipa::path(
    tag = "SPAR 1.x",
    request_body = OlderRequest,
    responses((status = 200, body = OlderResponse), (status = 400, description = "`G2P-REQ-102`"), (status = 401), (status = 403)),
)]
#[post("/test_strategy")]
pub(super) async fn test_strategy(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    answered(written(&req, &state, payload).await)
}

async fn written(req: &HttpRequest, state: &State, payload: web::Payload) -> Answer {
    let caller = RestCaller::of(req, state, Effect::Changes).await?;
    let request: OlderRequest = body(req, payload).await?;
    Ok(match app::read_address(state, &request.request_payload.fa).await? {
        Ok(address) => {
            let mut answer = Map::new();
            answer.insert("constructed_id".to_owned(), json!(caller.person.subject.as_str()));
            answer.insert("constructed_fa".to_owned(), json!(address.construct()));
            success(Value::Object(answer))
        }
        Err(why) => failure("rjct.fa.invalid", &why),
    })
}
