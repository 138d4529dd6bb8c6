//! The portal API of SPAR 2.x: the newer envelope, for the one account of the person who is signed in.

use actix_web::{HttpRequest, HttpResponse, post, web};
use g2p_connect::{
    MsgStatus, RequestHeader, RequestV2, ResponseBody, ResponseHeader, ResponseV2,
    mapper::{
        ResolveScope,
        newer::{
            ChangePayloadItem, LinkPayload, PayloadAnswer, PayloadResponse, ResolvePayload, UnlinkPayload,
            UpdatePayload,
        },
    },
};
use platform::clock::rfc3339;
use serde_json::Value;

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

/// Most items of a message that are refused one by one.
const MOST_ITEMS: usize = 100;
/// A message of several items is one of somebody who means several people.
const ONE_ONLY: &str = "send one item: a person has one account here";

/// An item as far as its answer repeats it. Its id is not read.
struct Echo {
    reference_id: String,
    locale: Option<String>,
}

/// What became of an item.
#[derive(Default)]
struct Told {
    fa: Option<Value>,
    code: Option<String>,
    text: Option<String>,
    additional_info: Option<Vec<Value>>,
    refused: bool,
}

impl Told {
    fn refused(code: &str, text: &str) -> Self {
        Self { code: Some(code.to_owned()), text: Some(text.to_owned()), refused: true, ..Self::default() }
    }
}

/// A message and the person who sent it.
struct Message<'s> {
    state: &'s State,
    caller: RestCaller,
    header: RequestHeader,
    operation: &'static str,
    transaction_id: String,
}

impl Message<'_> {
    fn answer(&self, echo: Echo, told: Told) -> PayloadAnswer<Value> {
        PayloadAnswer {
            reference_id: echo.reference_id,
            timestamp: rfc3339(self.state.clock.now()),
            fa: told.fa,
            id: Some(self.caller.person.subject.as_str().to_owned()),
            account_provider_info: None,
            status: if told.refused { MsgStatus::Rjct } else { MsgStatus::Succ },
            status_reason_code: told.code,
            status_reason_message: told.text,
            additional_info: told.additional_info,
            locale: echo.locale,
        }
    }

    /// The payload; the list has the name of the operation.
    fn payload(&self, items: &[PayloadAnswer<Value>]) -> PayloadResponse<Value> {
        let list = |operation: &str| (self.operation == operation).then(|| items.to_vec());
        PayloadResponse {
            transaction_id: self.transaction_id.clone(),
            correlation_id: None,
            link_response: list("link"),
            update_response: list("update"),
            unlink_response: list("unlink"),
            resolve_response: list("resolve"),
        }
    }

    fn success(&self, items: &[PayloadAnswer<Value>]) -> HttpResponse {
        let at = rfc3339(self.state.clock.now());
        told(ResponseV2::success(&self.header, at, self.payload(items)))
    }

    /// An envelope without items. HTTP is 200 all the same, as deployed services answer.
    fn error(&self, code: &str, text: &str) -> HttpResponse {
        let header =
            ResponseHeader::error(&self.header.request_id, rfc3339(self.state.clock.now()), code, text);
        told(ResponseV2 {
            response_header: header,
            response_body: ResponseBody { pagination_response: None, response_payload: self.payload(&[]) },
        })
    }

    /// Answers the only item; none is an error of the message, and each of several is refused.
    async fn one<I>(
        &self,
        items: Vec<I>,
        echo: fn(&I) -> Echo,
        work: impl AsyncFnOnce(I) -> Result<Told, Refusal>,
    ) -> Answer {
        let list = format!("{}_request list in request.request_body.request_payload", self.operation);
        if items.len() > MOST_ITEMS {
            return Ok(
                self.error("rjct.request.validation", &format!("More than {MOST_ITEMS} items in {list}"))
            );
        }
        let count = items.len();
        let mut items = items.into_iter();
        let Some(item) = items.next() else {
            return Ok(self.error("rjct.request.validation", &format!("Empty {list}")));
        };
        if count > 1 {
            let code =
                if self.operation == "resolve" { "rjct.reference_id.invalid" } else { "rjct.other.error" };
            let all = std::iter::once(item).chain(items);
            let refused = |item: I| self.answer(echo(&item), Told::refused(code, ONE_ONLY));
            return Ok(self.success(&all.map(refused).collect::<Vec<_>>()));
        }
        let repeated = echo(&item);
        let told = work(item).await?;
        Ok(self.success(&[self.answer(repeated, told)]))
    }
}

fn changed(direct: Direct, with_fa: bool) -> Result<Told, Refusal> {
    match direct {
        Direct::Done(fa) => Ok(Told { fa: with_fa.then_some(Value::String(fa)), ..Told::default() }),
        Direct::Refused { code, text } => Ok(Told::refused(&code, text)),
        Direct::ProveAgain => Err(Refusal::prove_again()),
    }
}

async fn set(message: &Message<'_>, item: ChangePayloadItem, operation: Operation) -> Result<Told, Refusal> {
    let state = message.state;
    let Some(fa) = &item.fa else { return Ok(Told::refused("rjct.fa.invalid", "FA is null")) };
    let address = match app::read_address(state, fa).await? {
        Ok(address) => address,
        Err(why) => return Ok(Told::refused("rjct.fa.invalid", &why)),
    };
    let more =
        More { name: item.name, phone_number: item.phone_number, additional_info: item.additional_info };
    let direct = app::set_account(state, &message.caller.person, operation, &address, more).await?;
    changed(direct, operation == Operation::Link)
}

fn echo_change(item: &ChangePayloadItem) -> Echo {
    Echo { reference_id: item.reference_id.clone(), locale: item.locale.clone() }
}

/// Give the person who is signed in an account. One item; its `id` is not read.
#[utoipa::path(
    tag = "SPAR 2.x",
    request_body = RequestV2<LinkPayload>,
    responses((status = 200, body = Object), (status = 400, description = "`G2P-REQ-102`"), (status = 401), (status = 403), (status = 503)),
)]
#[post("/mapper/link")]
pub(super) async fn link(req: HttpRequest, state: web::Data<State>, payload: web::Payload) -> HttpResponse {
    let work = async || {
        let caller = RestCaller::of(&req, &state, Effect::Changes).await?;
        let RequestV2 { request_header: header, request_body } =
            body::<RequestV2<LinkPayload>>(&req, payload).await?;
        let LinkPayload { transaction_id, link_request } = request_body.request_payload;
        let message = Message { state: &state, caller, header, operation: "link", transaction_id };
        message.one(link_request, echo_change, async |item| set(&message, item, Operation::Link).await).await
    };
    answered(work().await)
}

/// Give the person who is signed in another account. One item; its `id` is not read.
#[utoipa::path(
    tag = "SPAR 2.x",
    request_body = RequestV2<UpdatePayload>,
    responses((status = 200, body = Object), (status = 400, description = "`G2P-REQ-102`"), (status = 401), (status = 403), (status = 503)),
)]
#[post("/mapper/update")]
pub(super) async fn update(req: HttpRequest, state: web::Data<State>, payload: web::Payload) -> HttpResponse {
    let work = async || {
        let caller = RestCaller::of(&req, &state, Effect::Changes).await?;
        let RequestV2 { request_header: header, request_body } =
            body::<RequestV2<UpdatePayload>>(&req, payload).await?;
        let UpdatePayload { transaction_id, update_request } = request_body.request_payload;
        let message = Message { state: &state, caller, header, operation: "update", transaction_id };
        message
            .one(update_request, echo_change, async |item| set(&message, item, Operation::Update).await)
            .await
    };
    answered(work().await)
}

/// Take away the account of the person who is signed in. One item; its `id` and `fa` are not read.
#[utoipa::path(
    tag = "SPAR 2.x",
    request_body = RequestV2<UnlinkPayload>,
    responses((status = 200, body = Object), (status = 400, description = "`G2P-REQ-102`"), (status = 401), (status = 403), (status = 503)),
)]
#[post("/mapper/unlink")]
pub(super) async fn unlink(req: HttpRequest, state: web::Data<State>, payload: web::Payload) -> HttpResponse {
    let work = async || {
        let caller = RestCaller::of(&req, &state, Effect::Changes).await?;
        let RequestV2 { request_header: header, request_body } =
            body::<RequestV2<UnlinkPayload>>(&req, payload).await?;
        let UnlinkPayload { transaction_id, unlink_request } = request_body.request_payload;
        let message = Message { state: &state, caller, header, operation: "unlink", transaction_id };
        let person = &message.caller.person;
        let take = async |_| changed(app::unset_account(&state, person).await?, false);
        message
            .one(
                unlink_request,
                |i| Echo { reference_id: i.reference_id.clone(), locale: i.locale.clone() },
                take,
            )
            .await
    };
    answered(work().await)
}

/// The account of the person who is signed in, as an object; with scope `yes_no` only whether there is one. One item;
/// its `id` and `fa` are not read.
#[utoipa::path(
    tag = "SPAR 2.x",
    request_body = RequestV2<ResolvePayload>,
    responses((status = 200, body = Object), (status = 400, description = "`G2P-REQ-102`"), (status = 401), (status = 503)),
)]
#[post("/mapper/resolve")]
pub(super) async fn resolve(
    req: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    let work = async || {
        let caller = RestCaller::of(&req, &state, Effect::Changes).await?;
        let RequestV2 { request_header: header, request_body } =
            body::<RequestV2<ResolvePayload>>(&req, payload).await?;
        let ResolvePayload { transaction_id, resolve_request } = request_body.request_payload;
        let message = Message { state: &state, caller, header, operation: "resolve", transaction_id };
        let echo = |i: &g2p_connect::mapper::newer::ResolvePayloadItem| Echo {
            reference_id: i.reference_id.clone(),
            locale: i.locale.clone(),
        };
        message.one(resolve_request, echo, async |item| tell(&message, item.scope).await).await
    };
    answered(work().await)
}

async fn tell(message: &Message<'_>, scope: ResolveScope) -> Result<Told, Refusal> {
    let person = &message.caller.person;
    let whole = scope == ResolveScope::Details;
    let linked = if whole {
        app::whole_account(message.state, person).await?
    } else {
        app::linked(message.state, person).await?
    };
    let Some(linked) = linked else {
        return Ok(Told {
            code: Some("succ.fa.not_linked_to_id".to_owned()),
            text: Some("ID doesnt exist please link first".to_owned()),
            ..Told::default()
        });
    };
    let code = if linked.active { "succ.id.active" } else { "succ.id.inactive" };
    Ok(Told {
        fa: whole.then(|| Value::Object(app::as_object(&linked.fa))),
        code: Some(code.to_owned()),
        additional_info: linked.additional_info.filter(|_| whole),
        ..Told::default()
    })
}
