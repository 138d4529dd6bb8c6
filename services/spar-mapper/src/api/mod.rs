//! G2P-Connect messages in, answers out. Three dialects on one core: the specification (`/mapper/…`), SPAR 1.x
//! (`/sync/…`, `/async/…`) and the newer envelope of SPAR 2.x (`/mapper/…`, told apart by its top-level keys).

mod message;
mod newer;
mod sync;
mod wire;

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, post, web};
use g2p_connect::{
    Request, RequestV2, Response, ResponseV2,
    mapper::{
        LinkRequest, LinkResponse, ResolveRequest, ResolveResponse, UnlinkRequest, UnlinkResponse,
        UpdateRequest, UpdateResponse,
        newer::{FaObject, LinkPayload, PayloadResponse, ResolvePayload, UnlinkPayload, UpdatePayload},
    },
};
use platform::{PartnerError, SignedBody};
use utoipa_actix_web::service_config::ServiceConfig;

use self::wire::Dialect;
use crate::{State, domain::Operation};

type Shared = web::Data<State>;
type Answered = Result<HttpResponse, PartnerError>;

/// How the operations below a path are called.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Answered at once.
    Sync(Dialect),
    /// The newer envelope is answered at once.
    Newer,
}

/// Answers one operation. Every path ends here.
async fn serve(state: &State, signed: &SignedBody, operation: Operation, way: Way) -> Answered {
    match (way, operation) {
        (Way::Sync(dialect), Operation::Link) => sync::change::<LinkRequest>(state, signed, dialect).await,
        (Way::Sync(dialect), Operation::Update) => {
            sync::change::<UpdateRequest>(state, signed, dialect).await
        }
        (Way::Sync(dialect), Operation::Unlink) => {
            sync::change::<UnlinkRequest>(state, signed, dialect).await
        }
        (Way::Sync(dialect), Operation::Resolve) => sync::resolve(state, signed, dialect).await,
        (Way::Newer, Operation::Link) => newer::change::<LinkPayload>(state, signed).await,
        (Way::Newer, Operation::Update) => newer::change::<UpdatePayload>(state, signed).await,
        (Way::Newer, Operation::Unlink) => newer::change::<UnlinkPayload>(state, signed).await,
        (Way::Newer, Operation::Resolve) => newer::resolve(state, signed).await,
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
        .service(mapper_resolve);
    config.map(aliases);
}

/// `/api/mapper` is where 1.x is reached from outside, `/mapper/v1` where 0.1 was; a gateway takes them off, or does not.
const PREFIXES: [&str; 3] = ["/api/mapper", "/api", "/mapper/v1"];

fn aliases(plain: &mut actix_web::web::ServiceConfig) -> &mut actix_web::web::ServiceConfig {
    let mut paths = BTreeMap::new();
    for operation in Operation::ALL {
        let name = operation.as_str();
        for prefix in PREFIXES {
            let below = [
                (format!("{prefix}/sync/{name}"), Way::Sync(Dialect::Spar1)),
                (format!("{prefix}/mapper/sync/{name}"), Way::Sync(Dialect::Connect)),
                (format!("{prefix}/mapper/{name}"), Way::Newer),
            ];
            for (path, way) in below {
                // `/api` and `/api/mapper` meet: the longer prefix, which comes first, says who calls.
                paths.entry(path).or_insert((operation, way));
            }
        }
    }
    for (path, (operation, way)) in paths {
        let serve = move |state: Shared, signed: SignedBody| async move {
            self::serve(&state, &signed, operation, way).await
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
    ($(#[$doc:meta])* $name:ident, $path:literal, $request:ty => $response:ty, $operation:ident, $way:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            tag = "mapper",
            request_body = $request,
            responses(
                (status = 200, description = "One result an item, in the order of the request; or the message was refused.", body = $response),
                (status = 400, description = "Not of this shape: `G2P-REQ-102`."),
            ),
        )]
        #[post($path)]
        async fn $name(state: Shared, signed: SignedBody) -> Answered {
            serve(&state, &signed, Operation::$operation, $way).await
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
    /// Give ids their first financial address (SPAR 2.x).
    mapper_link, "/mapper/link", RequestV2<LinkPayload> => ResponseV2<PayloadResponse<String>>, Link, Way::Newer
}
operation! {
    /// Change the financial address of linked ids (SPAR 2.x).
    mapper_update, "/mapper/update", RequestV2<UpdatePayload> => ResponseV2<PayloadResponse<String>>, Update, Way::Newer
}
operation! {
    /// Remove the financial address of ids (SPAR 2.x).
    mapper_unlink, "/mapper/unlink", RequestV2<UnlinkPayload> => ResponseV2<PayloadResponse<String>>, Unlink, Way::Newer
}
operation! {
    /// Find financial addresses (SPAR 2.x).
    mapper_resolve, "/mapper/resolve", RequestV2<ResolvePayload> => ResponseV2<PayloadResponse<FaObject>>, Resolve, Way::Newer
}
