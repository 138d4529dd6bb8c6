//! G2P-Connect messages in, answers out. Three dialects on one core: the specification (`/mapper/…`), SPAR 1.x
//! (`/sync/…`, `/async/…`) and the newer envelope of SPAR 2.x (`/mapper/…`, told apart by its top-level keys).

mod bulk;
mod form;
mod later;
mod message;
mod newer;
mod oracle;
mod own;
mod status;
mod sync;
mod wire;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpResponse, get, post, web};
use g2p_connect::{
    AckResponse, Request, RequestV2, Response, ResponseV2,
    mapper::{
        LinkRequest, LinkResponse, MapperTxnStatusRequest, ResolveRequest, ResolveResponse, UnlinkRequest,
        UnlinkResponse, UpdateRequest, UpdateResponse,
        newer::{FaObject, LinkPayload, PayloadResponse, ResolvePayload, UnlinkPayload, UpdatePayload},
    },
};
use platform::{PartnerError, SignedBody};
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use self::work::{callback_body, work};
use self::{
    form::{FileInfo, Incoming},
    later::Asked,
    status::StatusResponse,
    wire::Dialect,
};
use crate::{State, domain::Operation};

type Shared = web::Data<State>;
type Answered = Result<HttpResponse, PartnerError>;

/// How the operations below a path are called.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Answered at once.
    Sync(Dialect),
    /// Acknowledged, and answered by a callback.
    Later(Dialect),
    /// The newer envelope is answered at once, the other one as [`Way::Later`].
    Either,
}

/// Answers one operation. Every path ends here.
async fn serve(state: &State, incoming: Incoming, operation: Operation, way: Way) -> Answered {
    let asked = Asked::Operation(operation);
    let newer = matches!(&incoming, Incoming::Message(signed) if signed.head.newer);
    match way {
        Way::Later(dialect) => return form::accept(state, incoming, asked, dialect).await,
        Way::Either if !newer => return form::accept(state, incoming, asked, Dialect::Connect).await,
        Way::Either | Way::Sync(_) => {}
    }
    let signed = &incoming.message()?;
    match (way, operation) {
        (Way::Sync(dialect), Operation::Link) => sync::change::<LinkRequest>(state, signed, dialect).await,
        (Way::Sync(dialect), Operation::Update) => {
            sync::change::<UpdateRequest>(state, signed, dialect).await
        }
        (Way::Sync(dialect), Operation::Unlink) => {
            sync::change::<UnlinkRequest>(state, signed, dialect).await
        }
        (Way::Sync(dialect), Operation::Resolve) => sync::resolve(state, signed, dialect).await,
        (Way::Either | Way::Later(_), Operation::Link) => newer::change::<LinkPayload>(state, signed).await,
        (Way::Either | Way::Later(_), Operation::Update) => {
            newer::change::<UpdatePayload>(state, signed).await
        }
        (Way::Either | Way::Later(_), Operation::Unlink) => {
            newer::change::<UnlinkPayload>(state, signed).await
        }
        (Way::Either | Way::Later(_), Operation::Resolve) => newer::resolve(state, signed).await,
    }
}

/// Registers all paths. Deployments reach the same operations below prefixes too; those are not in the document.
pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(ping)
        .service(sync_link)
        .service(sync_update)
        .service(sync_unlink)
        .service(sync_resolve)
        .service(mapper_sync_link)
        .service(mapper_sync_update)
        .service(mapper_sync_unlink)
        .service(mapper_sync_resolve)
        .service(mapper_link)
        .service(mapper_update)
        .service(mapper_unlink)
        .service(mapper_resolve)
        .service(async_link)
        .service(async_update)
        .service(async_unlink)
        .service(async_resolve)
        .service(txn_status)
        .service(sync_txn_status)
        .service(bulk::upload);
    own::routes(config);
    oracle::routes(config);
    config.map(aliases);
}

/// `/api/mapper` is where 1.x is reached from outside, `/mapper/v1` where 0.1 was; a gateway takes them off, or does not.
const PREFIXES: [&str; 3] = ["/api/mapper", "/api", "/mapper/v1"];

fn aliases(plain: &mut actix_web::web::ServiceConfig) -> &mut actix_web::web::ServiceConfig {
    let mut paths = BTreeMap::new();
    for operation in Operation::ALL {
        let name = operation.as_str();
        paths.insert(format!("/mapper/async/{name}"), (operation, Way::Later(Dialect::Spar1)));
        for prefix in PREFIXES {
            let below = [
                (format!("{prefix}/async/{name}"), Way::Later(Dialect::Spar1)),
                (format!("{prefix}/mapper/async/{name}"), Way::Later(Dialect::Spar1)),
                (format!("{prefix}/sync/{name}"), Way::Sync(Dialect::Spar1)),
                (format!("{prefix}/mapper/sync/{name}"), Way::Sync(Dialect::Connect)),
                (format!("{prefix}/mapper/{name}"), Way::Either),
            ];
            for (path, way) in below {
                // `/api` and `/api/mapper` meet: the longer prefix, which comes first, says who calls.
                paths.entry(path).or_insert((operation, way));
            }
        }
    }
    for (path, (operation, way)) in paths {
        let serve = move |state: Shared, incoming: Incoming| async move {
            self::serve(&state, incoming, operation, way).await
        };
        plain.route(&path, web::post().to(serve));
    }
    let prefixes = || std::iter::once("").chain(PREFIXES);
    let now: BTreeSet<String> = prefixes()
        .flat_map(|p| ["/sync", "/mapper/sync", "/registry/sync"].map(|path| format!("{p}{path}/txn/status")))
        .filter(|path| path != "/registry/sync/txn/status")
        .collect();
    for path in now {
        let dialect = if path.contains("mapper/sync") { Dialect::Connect } else { Dialect::Spar1 };
        let serve = move |state: Shared, signed: SignedBody| async move {
            status::now(&state, &signed, dialect).await
        };
        plain.route(&path, web::post().to(serve));
    }
    let later: BTreeSet<String> = prefixes()
        .flat_map(|p| ["/mapper", "/async", "/mapper/async"].map(|path| format!("{p}{path}/txn/status")))
        .filter(|path| path != "/mapper/txn/status")
        .collect();
    for path in later {
        let dialect = if path.contains("async") { Dialect::Spar1 } else { Dialect::Connect };
        let serve = move |state: Shared, incoming: Incoming| async move {
            form::accept(&state, incoming, Asked::Status, dialect).await
        };
        plain.route(&path, web::post().to(serve));
    }
    for prefix in PREFIXES {
        plain.route(&format!("{prefix}/ping"), web::get().to(|| async { web::Json("pong") }));
    }
    plain
}

/// Whether the service answers.
#[utoipa::path(responses((status = 200, body = String)))]
#[get("/ping")]
async fn ping() -> web::Json<&'static str> {
    web::Json("pong")
}

/// A documented path of an operation.
macro_rules! operation {
    ($(#[$doc:meta])* $name:ident, $path:literal, $request:ty => $response:ty, $operation:ident, $way:expr $(, $form:ty)?) => {
        $(#[$doc])*
        #[utoipa::path(
            tag = "mapper",
            request_body(content(($request = "application/json") $(, ($form = "multipart/form-data"))?)),
            responses(
                (status = 200, description = "One result an item, in the order of the request; or the message was refused.", body = $response),
                (status = 400, description = "Not of this shape: `G2P-REQ-102`."),
            ),
        )]
        #[post($path)]
        async fn $name(state: Shared, incoming: Incoming) -> Answered {
            serve(&state, incoming, Operation::$operation, $way).await
        }
    };
}

operation! {
    /// Give ids their first financial address (SPAR 1.x).
    sync_link, "/sync/link", Request<LinkRequest> => Response<LinkResponse>, Link, Way::Sync(Dialect::Spar1)
}
operation! {
    /// Change the financial address of linked ids (SPAR 1.x).
    sync_update, "/sync/update", Request<UpdateRequest> => Response<UpdateResponse>, Update, Way::Sync(Dialect::Spar1)
}
operation! {
    /// Remove the financial address of ids (SPAR 1.x).
    sync_unlink, "/sync/unlink", Request<UnlinkRequest> => Response<UnlinkResponse>, Unlink, Way::Sync(Dialect::Spar1)
}
operation! {
    /// Find financial addresses (SPAR 1.x).
    sync_resolve, "/sync/resolve", Request<ResolveRequest> => Response<ResolveResponse>, Resolve, Way::Sync(Dialect::Spar1)
}
operation! {
    /// Give ids their first financial address (G2P-Connect).
    mapper_sync_link, "/mapper/sync/link", Request<LinkRequest> => Response<LinkResponse>, Link, Way::Sync(Dialect::Connect)
}
operation! {
    /// Change the financial address of linked ids (G2P-Connect).
    mapper_sync_update, "/mapper/sync/update", Request<UpdateRequest> => Response<UpdateResponse>, Update, Way::Sync(Dialect::Connect)
}
operation! {
    /// Remove the financial address of ids (G2P-Connect).
    mapper_sync_unlink, "/mapper/sync/unlink", Request<UnlinkRequest> => Response<UnlinkResponse>, Unlink, Way::Sync(Dialect::Connect)
}
operation! {
    /// Find financial addresses (G2P-Connect).
    mapper_sync_resolve, "/mapper/sync/resolve", Request<ResolveRequest> => Response<ResolveResponse>, Resolve, Way::Sync(Dialect::Connect)
}
operation! {
    /// Give ids their first financial address (SPAR 2.x). A message with `header` and `message` is acknowledged and answered to
    /// the address registered for its sender, as G2P-Connect has it.
    mapper_link, "/mapper/link", RequestV2<LinkPayload> => ResponseV2<PayloadResponse<String>>, Link, Way::Either, FileInfo
}
operation! {
    /// Change the financial address of linked ids (SPAR 2.x). A message with `header` and `message` is acknowledged and answered to
    /// the address registered for its sender, as G2P-Connect has it.
    mapper_update, "/mapper/update", RequestV2<UpdatePayload> => ResponseV2<PayloadResponse<String>>, Update, Way::Either, FileInfo
}
operation! {
    /// Remove the financial address of ids (SPAR 2.x). A message with `header` and `message` is acknowledged and answered to
    /// the address registered for its sender, as G2P-Connect has it.
    mapper_unlink, "/mapper/unlink", RequestV2<UnlinkPayload> => ResponseV2<PayloadResponse<String>>, Unlink, Way::Either, FileInfo
}
operation! {
    /// Find financial addresses (SPAR 2.x). A message with `header` and `message` is acknowledged and answered to
    /// the address registered for its sender, as G2P-Connect has it.
    mapper_resolve, "/mapper/resolve", RequestV2<ResolvePayload> => ResponseV2<PayloadResponse<FaObject>>, Resolve, Way::Either, FileInfo
}
operation! {
    /// Give ids their first financial address; the answer goes to the address registered for the sender (SPAR 1.x).
    async_link, "/async/link", Request<LinkRequest> => AckResponse, Link, Way::Later(Dialect::Spar1), FileInfo
}
operation! {
    /// Change the financial address of linked ids; the answer goes to the address registered for the sender (SPAR 1.x).
    async_update, "/async/update", Request<UpdateRequest> => AckResponse, Update, Way::Later(Dialect::Spar1), FileInfo
}
operation! {
    /// Remove the financial address of ids; the answer goes to the address registered for the sender (SPAR 1.x).
    async_unlink, "/async/unlink", Request<UnlinkRequest> => AckResponse, Unlink, Way::Later(Dialect::Spar1), FileInfo
}
operation! {
    /// Find financial addresses; the answer goes to the address registered for the sender (SPAR 1.x).
    async_resolve, "/async/resolve", Request<ResolveRequest> => AckResponse, Resolve, Way::Later(Dialect::Spar1), FileInfo
}

/// Ask what became of an asynchronous message; the answer goes to the address registered for the sender.
#[utoipa::path(
    tag = "mapper",
    request_body(content((Request<MapperTxnStatusRequest> = "application/json"), (FileInfo = "multipart/form-data"))),
    responses((status = 200, body = AckResponse), (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/mapper/txn/status")]
async fn txn_status(state: Shared, incoming: Incoming) -> Answered {
    form::accept(&state, incoming, Asked::Status, Dialect::Connect).await
}

/// Ask what became of an asynchronous message. (The path is that of the specification.)
#[utoipa::path(
    tag = "mapper",
    request_body = Request<MapperTxnStatusRequest>,
    responses((status = 200, body = Response<StatusResponse>), (status = 400, description = "Not of this shape: `G2P-REQ-102`.")),
)]
#[post("/registry/sync/txn/status")]
async fn sync_txn_status(state: Shared, signed: SignedBody) -> Answered {
    status::now(&state, &signed, Dialect::Connect).await
}
