//! A service under test runs for real: callers, signatures, traces, orderly end.

use actix_web::{get, post, web};
use async_trait::async_trait;
use platform::{ApiResult, Caller, Mode, Permission, Policy, SignedBody};
use serde_json::{Value, json};
use storage::{Db, SqlMigration, sql};
use testkit::TestService;
use utoipa_actix_web::service_config::ServiceConfig;

struct Notes;

#[async_trait]
impl platform::Service for Notes {
    const NAME: &'static str = "kit-notes";
    const TITLE: &'static str = "Notes";
    const DEFAULT_PORT: u16 = 8099;
    type Config = Value;
    type State = Db;

    fn config_docs() -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn migrations() -> Vec<SqlMigration> {
        let sql = "CREATE TABLE notes(tenant_id text NOT NULL DEFAULT 'default', note text, PRIMARY KEY (tenant_id, note))";
        vec![SqlMigration { name: "kit_notes_m0001", sql }]
    }

    async fn state(_: Value, runtime: &platform::Runtime) -> anyhow::Result<Db> {
        Ok(runtime.db.clone())
    }

    fn routes(config: &mut ServiceConfig<'_>) {
        config.service(count).service(signed);
    }
}

#[utoipa::path]
#[get("/api/v1/notes")]
async fn count(db: web::Data<Db>, caller: Caller) -> ApiResult<web::Json<Value>> {
    caller.ctx().require(Permission::new("notes:read"))?;
    let count: Option<i64> = sql::scalar(db.conn(), "SELECT count(*) FROM notes", []).await?;
    Ok(web::Json(json!({ "count": count })))
}

#[utoipa::path]
#[post("/signed")]
async fn signed(body: SignedBody) -> web::Json<Value> {
    web::Json(json!({ "verified": body.verified().is_ok() }))
}

#[actix_web::test]
async fn callers_are_who_they_say() {
    let notes = TestService::<Notes>::start(|_| {}).await;
    sql::execute(notes.db().conn(), "INSERT INTO notes(note) VALUES ('a')", []).await.unwrap();

    notes.anonymous().get("/api/v1/notes").await.expect_status(401);
    notes.user("helpdesk").get("/api/v1/notes").await.expect_status(403);
    let reply = notes.user("checker").get("/api/v1/notes").await.expect_status(200);
    assert_eq!(reply.json(), json!({ "count": 1 }));
    let reader = notes.partner("READER", &["notes:read"]).await;
    reader.session().get("/api/v1/notes").await.expect_status(200);

    notes.settled().await;
    let ready = reqwest::get(format!("{}/health/ready", notes.admin_url())).await.unwrap();
    assert_eq!(ready.status(), 200);
    let db = notes.stop().await;
    let again = TestService::<Notes>::start_on(db, |_| {}).await;
    assert_eq!(again.user("checker").get("/api/v1/notes").await.json(), json!({ "count": 1 }));
}

#[actix_web::test]
async fn messages_are_signed_by_registered_partners() {
    let notes = TestService::<Notes>::start(|_| {}).await;
    let partner = notes.partner_with("PAYER", Mode::Strict, Policy::default()).await;
    let now = time::OffsetDateTime::now_utc().format(&time::format_description::well_known::Rfc3339).unwrap();
    let message = json!({
        "header": { "sender_id": partner.id(), "message_id": "1", "message_ts": now, "action": "x", "total_count": 0 },
        "message": {},
    });
    let verified = async |reply: testkit::Reply| reply.expect_status(200).json()["verified"].clone();
    assert_eq!(verified(partner.post_signed("/signed", &message).await).await, true);
    let forged = partner.post_with_signature("/signed", message.to_string().into_bytes(), "e30..AAAA").await;
    assert_eq!(verified(forged).await, false);
}
