//! The smallest service that has one of everything, to see what the platform does around it.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use async_trait::async_trait;
use platform::{
    ApiError, ApiJson, ApiResult, Caller, PartnerError, Permission, RequestOrigin, Runtime, SignedBody,
};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use storage::{Db, SqlMigration, sql};
use utoipa_actix_web::service_config::ServiceConfig;

pub struct Toy;

/// Number of the advisory lock that a request waits for when it is told to.
pub const GATE: i64 = 7;

#[async_trait]
impl platform::Service for Toy {
    const NAME: &'static str = "toy-shop";
    const TITLE: &'static str = "Toy shop";
    const DEFAULT_PORT: u16 = 8097;
    type Config = Value;
    type State = Db;

    fn config_docs() -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn migrations() -> Vec<SqlMigration> {
        let sql = "CREATE TABLE effects(
            tenant_id text NOT NULL DEFAULT 'default', n bigint GENERATED ALWAYS AS IDENTITY, what text NOT NULL,
            PRIMARY KEY (tenant_id, n))";
        vec![SqlMigration { name: "toy_shop_m0001_effects", sql }]
    }

    async fn state(_: Value, runtime: &Runtime) -> anyhow::Result<Db> {
        Ok(runtime.db.clone())
    }

    fn routes(config: &mut ServiceConfig<'_>) {
        config.service(thing).service(effect).service(change).service(read);
        config.service(
            utoipa_actix_web::scope("/open")
                .service(echo)
                .service(origin)
                .service(big)
                .service(panics)
                .service(broken)
                .service(foreign)
                .service(database)
                .service(cast)
                .service(gate)
                .service(form)
                .service(json_body),
        );
    }

    fn consumers(_: &Db) -> Vec<events::Consumer> {
        vec![events::Consumer::typed::<Sold, _>("toy.sold", Arc::new(Noop))]
    }

    fn jobs(_: &Db) -> Vec<jobs::Worker> {
        vec![jobs::Worker::new("toy.noop", Arc::new(Noop))]
    }
}

struct Noop;

#[async_trait]
impl jobs::JobHandler for Noop {
    async fn run(&self, job: &jobs::RunningJob) -> Result<jobs::Next, jobs::JobError> {
        if job.payload::<Value>()? == json!("hold on") {
            job.cancelled().cancelled().await;
        }
        Ok(jobs::Next::Done)
    }
}

/// An event of somebody else.
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
pub struct Sold {
    pub id: u32,
}

impl events::EventData for Sold {
    const TOPIC: &'static str = "toy-shop.toys.sold.v1";
}

#[async_trait]
impl events::Handler<Sold> for Noop {
    async fn handle(
        &self,
        _: &DatabaseTransaction,
        _: events::Delivered<Sold>,
    ) -> Result<(), events::HandlerError> {
        Ok(())
    }
}

/// What a changing operation is asked for.
#[derive(Deserialize, Serialize, utoipa::ToSchema)]
pub struct Wish {
    what: String,
    /// Wait for [`GATE`] after the change, before the end of the transaction.
    #[serde(default)]
    wait: bool,
    /// Change, and then fail.
    #[serde(default)]
    fail: bool,
}

#[derive(Deserialize)]
struct Envelope {
    message: Wish,
}

async fn carry_out(tx: &DatabaseTransaction, wish: &Wish) -> Result<Value, ApiError> {
    let n: Option<i64> =
        sql::scalar(tx, "INSERT INTO effects(what) VALUES ($1) RETURNING n", [wish.what.clone().into()])
            .await?;
    if wish.wait {
        sql::execute(tx, "SELECT pg_advisory_xact_lock_shared($1)", [GATE.into()]).await?;
    }
    if wish.fail {
        return Err(ApiError::conflict("told_to_fail", "the wish was to fail"));
    }
    Ok(json!({ "n": n, "what": wish.what }))
}

#[utoipa::path]
#[post("/sync/change")]
async fn change(db: web::Data<Db>, signed: SignedBody) -> Result<HttpResponse, PartnerError> {
    let envelope: Envelope = signed.parse()?;
    let body = platform::once(&db, &signed, "change", async |tx| Ok(carry_out(tx, &envelope.message).await?));
    Ok(HttpResponse::Ok().json(body.await?))
}

#[utoipa::path]
#[post("/sync/read")]
async fn read(db: web::Data<Db>, signed: SignedBody) -> Result<HttpResponse, PartnerError> {
    let _: Envelope = signed.parse()?;
    platform::once_read(&db, &signed, "read").await?;
    let count: Option<i64> = sql::scalar(db.conn(), "SELECT count(*) FROM effects", []).await?;
    Ok(HttpResponse::Ok().json(json!({ "count": count })))
}

#[utoipa::path]
#[post("/api/v1/effects")]
async fn effect(
    db: web::Data<Db>,
    caller: Caller,
    request: HttpRequest,
    wish: ApiJson<Wish>,
) -> ApiResult<web::Json<Value>> {
    caller.ctx().require(Permission::new("toy:write"))?;
    let key = request.headers().get("Idempotency-Key").and_then(|key| key.to_str().ok());
    let body = serde_json::to_vec(&wish.0).unwrap();
    let done = platform::once_by_key(&db, caller.ctx(), key, &body, async |tx| {
        // `null` is an answer like any other.
        let answer = carry_out(tx, &wish).await?;
        Ok(if wish.what == "nothing" { Value::Null } else { answer })
    });
    Ok(web::Json(done.await?))
}

#[derive(Deserialize)]
struct Paging {
    limit: Option<u32>,
}

#[utoipa::path]
#[get("/api/v1/things/{id}")]
async fn thing(
    caller: Caller,
    id: web::Path<u32>,
    paging: web::Query<Paging>,
) -> ApiResult<web::Json<Value>> {
    caller.ctx().require(Permission::new("toy:read"))?;
    Ok(web::Json(json!({ "id": *id, "limit": paging.limit, "actor": caller.ctx().actor.label() })))
}

#[utoipa::path]
#[get("/echo/{text}")]
async fn echo(text: web::Path<String>) -> String {
    text.into_inner()
}

#[utoipa::path]
#[get("/origin")]
async fn origin(origin: RequestOrigin) -> web::Json<Value> {
    web::Json(json!({ "url": origin.url(), "client": origin.client_ip.to_string() }))
}

#[utoipa::path]
#[get("/big")]
async fn big() -> web::Json<Vec<String>> {
    web::Json(vec!["the same again".to_owned(); 5_000])
}

#[utoipa::path]
#[get("/panic/{text}")]
async fn panics(text: web::Path<String>) -> HttpResponse {
    panic!("the panic says {text}")
}

#[utoipa::path]
#[get("/broken")]
async fn broken() -> ApiResult<HttpResponse> {
    Err(ApiError::internal("the inner secret"))
}

#[utoipa::path]
#[get("/foreign")]
async fn foreign() -> Result<HttpResponse, actix_web::Error> {
    Err(actix_web::error::ErrorInternalServerError("the inner secret"))
}

#[utoipa::path]
#[get("/database")]
async fn database(db: web::Data<Db>) -> ApiResult<web::Json<Value>> {
    let count: Option<i64> = sql::scalar(db.conn(), "SELECT count(*) FROM effects", []).await?;
    Ok(web::Json(json!({ "count": count })))
}

#[utoipa::path]
#[get("/cast/{text}")]
async fn cast(db: web::Data<Db>, text: web::Path<String>) -> ApiResult<web::Json<Value>> {
    let number: Option<i32> =
        sql::scalar(db.conn(), "SELECT $1::text::int", [text.into_inner().into()]).await?;
    Ok(web::Json(json!({ "number": number })))
}

#[utoipa::path]
#[get("/gate")]
async fn gate(db: web::Data<Db>) -> ApiResult<web::Json<Value>> {
    let tx = db.begin().await?;
    sql::execute(&tx, "SELECT pg_advisory_xact_lock_shared($1)", [GATE.into()]).await?;
    Ok(web::Json(json!("through the gate")))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct Fields {
    number: u32,
}

#[utoipa::path]
#[post("/form")]
async fn form(fields: web::Form<Fields>) -> String {
    fields.number.to_string()
}

#[utoipa::path]
#[post("/json")]
async fn json_body(fields: web::Json<Fields>) -> String {
    fields.number.to_string()
}
