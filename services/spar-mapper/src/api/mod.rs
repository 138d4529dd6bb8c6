//! G2P-Connect messages in, answers out.

use actix_web::{HttpResponse, get, post, web};
use g2p_connect::{
    MsgCallbackHeader, MsgHeader, MsgStatus, Request, Response,
    mapper::{
        LinkRequest, LinkResponse, ResolveRequest, ResolveResponse, UnlinkRequest, UnlinkResponse,
        UpdateRequest, UpdateResponse,
    },
};
use platform::{
    Ctx, EnvelopeFault, PartnerError, SchemaFault, Sender, SignedBody, clock::rfc3339, partners::Mode,
};
use sea_orm::DatabaseTransaction;
use serde::{Serialize, de::DeserializeOwned};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{State, app};

/// Registers the operations under each path deployed clients use.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(ping);
    for prefix in ["", "/mapper"] {
        config.service(
            utoipa_actix_web::scope(format!("{prefix}/sync").as_str())
                .service(link)
                .service(update)
                .service(unlink)
                .service(resolve),
        );
    }
}

/// Whether the service answers.
#[utoipa::path(responses((status = 200, body = String)))]
#[get("/ping")]
async fn ping() -> web::Json<&'static str> {
    web::Json("pong")
}

/// Link ids to financial addresses.
#[utoipa::path(
    request_body = Request<LinkRequest>,
    responses((status = 200, description = "One result an item; `header.status` is `rjct` when the message was refused.", body = Response<LinkResponse>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/link")]
async fn link(state: web::Data<State>, signed: SignedBody) -> Result<HttpResponse, PartnerError> {
    change(&state, &signed, "link", async |tx, ctx, sender: &Sender, request: LinkRequest| {
        let strict = sender.partner.mode == Mode::Strict;
        let response = app::link(tx, ctx, &signed.head.message_id, strict, &request).await?;
        let done = response.link_response.iter().filter(|i| i.status == MsgStatus::Succ).count();
        Ok((response, done))
    })
    .await
}

/// Change the financial address of linked ids.
#[utoipa::path(
    request_body = Request<UpdateRequest>,
    responses((status = 200, description = "One result an item.", body = Response<UpdateResponse>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/update")]
async fn update(state: web::Data<State>, signed: SignedBody) -> Result<HttpResponse, PartnerError> {
    change(&state, &signed, "update", async |tx, ctx, _: &Sender, request: UpdateRequest| {
        let response = app::update(tx, ctx, &signed.head.message_id, &request).await?;
        let done = response.update_response.iter().filter(|i| i.status == MsgStatus::Succ).count();
        Ok((response, done))
    })
    .await
}

/// Remove the financial address of ids.
#[utoipa::path(
    request_body = Request<UnlinkRequest>,
    responses((status = 200, description = "One result an item.", body = Response<UnlinkResponse>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/unlink")]
async fn unlink(state: web::Data<State>, signed: SignedBody) -> Result<HttpResponse, PartnerError> {
    change(&state, &signed, "unlink", async |tx, ctx, _: &Sender, request: UnlinkRequest| {
        let response = app::unlink(tx, ctx, &signed.head.message_id, &request).await?;
        let done = response.unlink_response.iter().filter(|i| i.status == MsgStatus::Succ).count();
        Ok((response, done))
    })
    .await
}

/// Find financial addresses.
#[utoipa::path(
    request_body = Request<ResolveRequest>,
    responses((status = 200, description = "One result an item, in the order of the request.", body = Response<ResolveResponse>),
              (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/resolve")]
async fn resolve(state: web::Data<State>, signed: SignedBody) -> Result<HttpResponse, PartnerError> {
    let (request, header) = open::<ResolveRequest>(&state, &signed, "resolve")?;
    let (_, ctx) = signed.verified()?;
    platform::once_read(&state.db, &signed, "resolve").await?;
    let response = app::resolve(&state.db, &ctx, &request).await?;
    let done = response.resolve_response.iter().filter(|i| i.status == MsgStatus::Succ).count();
    let total = response.resolve_response.len();
    Ok(HttpResponse::Ok().json(envelope(&header, &ctx, response, total, done)))
}

/// Messages that can be counted.
trait Batch {
    fn items(&self) -> usize;
}

macro_rules! batch {
    ($($message:ty: $items:ident),*) => {
        $(impl Batch for $message {
            fn items(&self) -> usize {
                self.$items.len()
            }
        })*
    };
}
batch!(LinkRequest: link_request, UpdateRequest: update_request, UnlinkRequest: unlink_request, ResolveRequest: resolve_request);

/// Reads the message and checks what holds for the whole of it.
fn open<M: DeserializeOwned + Batch>(
    state: &State,
    signed: &SignedBody,
    action: &str,
) -> Result<(M, MsgHeader), PartnerError> {
    let (sender, ctx) = signed.verified()?;
    let request: Request<M> = signed.parse()?;
    let fault = |code: &str, text: &str| EnvelopeFault::new(&signed.head, code, text, ctx.clock.now());
    if request.header.action != action {
        return Err(
            fault("rjct.action.not_supported", &format!("the action of this operation is {action}")).into()
        );
    }
    let items = request.message.items();
    let limit = match usize::try_from(sender.partner.policy.max_batch) {
        Ok(limit) if limit > 0 => limit.min(state.max_batch),
        _ => state.max_batch,
    };
    if items > limit {
        return Err(
            fault("rjct.total_count.limit_exceeded", &format!("at most {limit} items a message")).into()
        );
    }
    if items == 0 {
        return Err(
            SchemaFault::rule(&format!("message.{action}_request"), "must have at least one item").into()
        );
    }
    if sender.partner.mode == Mode::Strict && usize::try_from(request.header.total_count) != Ok(items) {
        return Err(fault("rjct.total_count.invalid", "total_count is not the number of items").into());
    }
    Ok((request.message, request.header))
}

/// Runs a changing operation once per message, in one transaction.
async fn change<M, R, F>(
    state: &State,
    signed: &SignedBody,
    action: &'static str,
    work: F,
) -> Result<HttpResponse, PartnerError>
where
    M: DeserializeOwned + Batch,
    R: Serialize,
    F: AsyncFnOnce(&DatabaseTransaction, &Ctx, &Sender, M) -> Result<(R, usize), PartnerError>,
{
    let (request, header) = open::<M>(state, signed, action)?;
    let (sender, ctx) = signed.verified()?;
    let total = request.items();
    let body = platform::once(&state.db, signed, action, async |tx| {
        let (response, done) = work(tx, &ctx, sender, request).await?;
        let body = envelope(&header, &ctx, response, total, done);
        serde_json::to_value(body).map_err(|e| platform::ApiError::internal(e).into())
    })
    .await?;
    Ok(HttpResponse::Ok().json(body))
}

fn envelope<R>(header: &MsgHeader, ctx: &Ctx, message: R, total: usize, done: usize) -> Response<R> {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let header = MsgCallbackHeader::for_request(
        header,
        header.action.clone(),
        MsgStatus::Succ,
        rfc3339(ctx.clock.now()),
    )
    .counts(count(total), count(done))
    .echoing_parties(header);
    Response { signature: None, header, message }
}
