//! Asynchronous messages: acknowledged at once, worked on by a job, answered to the address registered for the sender.

use actix_web::HttpResponse;
use g2p_connect::{
    AckError, AckResponse, AckStatus, MsgHeader, Request,
    mapper::{LinkRequest, MapperTxnStatusRequest, ResolveRequest, UnlinkRequest, UpdateRequest},
    reason::{ErrReason, HeaderReason, StatusReasonV2},
};
use platform::{
    ApiError, PartnerError, SchemaFault, SignedBody,
    callback::{callback_base, callback_url},
    clock::rfc3339,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{sync, wire::Dialect};
use crate::{
    State,
    app::{Caller, transactions},
    domain::Operation,
};

/// What an asynchronous message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// One of the operations.
    Operation(Operation),
    /// What became of an earlier message.
    Status,
}

impl Asked {
    /// `header.action`.
    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::Operation(operation) => operation.as_str(),
            Self::Status => STATUS,
        }
    }

    /// The last part of the callback's address.
    const fn callback(self) -> &'static str {
        match self {
            Self::Operation(Operation::Link) => "/on-link",
            Self::Operation(Operation::Update) => "/on-update",
            Self::Operation(Operation::Unlink) => "/on-unlink",
            Self::Operation(Operation::Resolve) => "/on-resolve",
            Self::Status => "/txn/on-status",
        }
    }
}

/// `header.action` of a question about an earlier message.
pub(crate) const STATUS: &str = "txn-status";

/// What is read of a message before it is acknowledged.
struct Opened {
    header: MsgHeader,
    transaction_id: String,
    reference_ids: Vec<String>,
}

macro_rules! opened {
    ($signed:expr, $message:ty, $list:ident) => {{
        let request: Request<$message> = $signed.parse()?;
        let reference_ids = request.message.$list.into_iter().map(|item| item.reference_id).collect();
        Opened { header: request.header, transaction_id: request.message.transaction_id, reference_ids }
    }};
}

/// Longest id of a transaction or an item that is kept, in bytes: it is looked for by an index.
const MAX_KEPT: usize = 255;

fn open(signed: &SignedBody, asked: Asked) -> Result<Opened, SchemaFault> {
    let opened = open_any(signed, asked)?;
    let rule = "must have at most 255 bytes";
    if opened.transaction_id.len() > MAX_KEPT {
        return Err(SchemaFault::rule("message.transaction_id", rule));
    }
    if let Some(n) = opened.reference_ids.iter().position(|id| id.len() > MAX_KEPT) {
        let list = asked.action().replace('-', "");
        return Err(SchemaFault::rule(&format!("message.{list}_request[{n}].reference_id"), rule));
    }
    Ok(opened)
}

fn open_any(signed: &SignedBody, asked: Asked) -> Result<Opened, SchemaFault> {
    Ok(match asked {
        Asked::Operation(Operation::Link) => opened!(signed, LinkRequest, link_request),
        Asked::Operation(Operation::Update) => opened!(signed, UpdateRequest, update_request),
        Asked::Operation(Operation::Unlink) => opened!(signed, UnlinkRequest, unlink_request),
        Asked::Operation(Operation::Resolve) => opened!(signed, ResolveRequest, resolve_request),
        Asked::Status => {
            let request: Request<MapperTxnStatusRequest> = signed.parse()?;
            let queries = request.message.txnstatus_request.as_slice();
            let reference_ids = queries.iter().map(|query| query.reference_id.clone()).collect();
            Opened { header: request.header, transaction_id: request.message.transaction_id, reference_ids }
        }
    })
}

/// Acknowledges a message, once per message.
pub(crate) async fn accept(
    state: &State,
    signed: &SignedBody,
    asked: Asked,
    dialect: Dialect,
) -> Result<HttpResponse, PartnerError> {
    answer(take(state, signed, asked, dialect).await, dialect, signed.now())
}

/// The acknowledgement, or why there is none.
pub(super) fn answer(
    taken: Result<serde_json::Value, Refused>,
    dialect: Dialect,
    now: OffsetDateTime,
) -> Result<HttpResponse, PartnerError> {
    match taken {
        Ok(body) => Ok(HttpResponse::Ok().json(body)),
        Err(Refused::Whole(error)) => Err(error),
        Err(Refused::Ack { code, text }) => {
            let text = if dialect == Dialect::Spar1 { code.clone() } else { text };
            let mut refusal =
                AckResponse::err(rfc3339(now), Uuid::now_v7().to_string(), AckError { code, message: text });
            if dialect == Dialect::Spar1 {
                refusal.message.ack_status = AckStatus::Nack;
            }
            Ok(HttpResponse::Ok().json(refusal))
        }
    }
}

#[derive(Debug)]
pub(super) enum Refused {
    /// With an acknowledgement that says why.
    Ack { code: String, text: String },
    /// With an HTTP error.
    Whole(PartnerError),
}

impl Refused {
    fn err(dialect: Dialect, connect: ErrReason, spar1: &str, text: &str) -> Self {
        let code = if dialect == Dialect::Connect { connect.as_str() } else { spar1 };
        Self::Ack { code: code.to_owned(), text: text.to_owned() }
    }

    /// A refusal of the whole message, in the words of acknowledgements.
    fn fault(dialect: Dialect, code: &str, text: &str) -> Self {
        let err = match code {
            c if c == HeaderReason::JwtInvalid.as_str() => ErrReason::SignatureInvalid,
            c if c == HeaderReason::VersionInvalid.as_str() => ErrReason::VersionNotSupported,
            c if c == ErrReason::ReceiverIdInvalid.as_str() => ErrReason::ReceiverIdInvalid,
            _ => ErrReason::RequestBad,
        };
        Self::err(dialect, err, code, text)
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Whole(error.into())
    }
}

impl From<SchemaFault> for Refused {
    fn from(fault: SchemaFault) -> Self {
        Self::Whole(fault.into())
    }
}

async fn take(
    state: &State,
    signed: &SignedBody,
    asked: Asked,
    dialect: Dialect,
) -> Result<serde_json::Value, Refused> {
    let caller = Caller::of(signed).map_err(|f| Refused::fault(dialect, f.code(), f.message()))?;
    if signed.head.raw.get("is_msg_encrypted").and_then(serde_json::Value::as_bool) == Some(true) {
        let text = "encrypted messages are not supported";
        return Err(Refused::err(
            dialect,
            ErrReason::EncryptionInvalid,
            ErrReason::EncryptionInvalid.as_str(),
            text,
        ));
    }
    if let Asked::Operation(operation) = asked
        && let Err(error) = caller.require(operation)
    {
        let denied = StatusReasonV2::PermissionDenied.as_str();
        return Err(Refused::err(dialect, ErrReason::RequestForbidden, denied, error.detail()));
    }
    let opened = open(signed, asked)?;
    sync::check(
        state,
        signed,
        &caller,
        Dialect::Connect,
        &opened.header,
        asked.action(),
        opened.reference_ids.len(),
    )
    .map_err(|error| match error {
        PartnerError::Fault(fault) => Refused::fault(dialect, fault.code(), fault.message()),
        other => Refused::Whole(other),
    })?;
    let callback_url = callback(&caller, &opened.header.sender_uri, asked, dialect)?;
    let request = String::from_utf8(signed.bytes.to_vec())
        .map_err(|_| Refused::from(SchemaFault::rule("", "the body is not UTF-8")))?;
    let accepted = transactions::Accepted {
        action: asked.action(),
        dialect: dialect.as_str(),
        transaction_id: opened.transaction_id,
        reference_ids: opened.reference_ids,
        request,
        callback_url,
    };
    state.limits.admit(&caller, accepted.reference_ids.len()).await?;
    let operation = format!("async {}", asked.action());
    platform::once_kept(&state.db, &state.vault, signed, &operation, async |tx| {
        let correlation_id = transactions::keep(tx, state, &caller, accepted).await?;
        let at = rfc3339(caller.ctx.clock.now());
        serde_json::to_value(AckResponse::ack(at, correlation_id.to_string()))
            .map_err(|e| ApiError::internal(e).into())
    })
    .await
    .map_err(|error| match error {
        PartnerError::Fault(fault) => Refused::fault(dialect, fault.code(), fault.message()),
        other => Refused::Whole(other),
    })
}

/// Where the answer goes. Clients of 1.x that name no address get none and ask for the status; others must have one.
pub(super) fn callback(
    caller: &Caller<'_>,
    sender_uri: &str,
    asked: Asked,
    dialect: Dialect,
) -> Result<Option<String>, Refused> {
    let registered = &caller.sender.partner.policy.callback_urls;
    let named = match sender_uri {
        // What generated clients send who were never told an address.
        "string" => "",
        other => other,
    };
    match callback_base(registered, named) {
        Ok(base) => Ok(Some(callback_url(&base, asked.callback()))),
        Err(_) if dialect == Dialect::Spar1 && named.is_empty() => Ok(None),
        Err(why) => {
            let code = ErrReason::SenderUriInvalid;
            Err(Refused::err(dialect, code, code.as_str(), why.text()))
        }
    }
}
