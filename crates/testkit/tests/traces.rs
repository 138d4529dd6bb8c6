//! Traces of a service under test arrive at the test's collector. A process has one set-up of its telemetry, so this
//! test has a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use actix_web::{HttpResponse, get};
use async_trait::async_trait;
use serde_json::Value;
use storage::SqlMigration;
use testkit::{OtlpReceiver, TestService, wait_for};
use utoipa_actix_web::service_config::ServiceConfig;

struct Silent;

#[async_trait]
impl platform::Service for Silent {
    const NAME: &'static str = "kit-silent";
    const TITLE: &'static str = "Silent";
    const DEFAULT_PORT: u16 = 8098;
    type Config = Value;
    type State = ();

    fn config_docs() -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn migrations() -> Vec<SqlMigration> {
        Vec::new()
    }

    async fn state(_: Value, _: &platform::Runtime) -> anyhow::Result<()> {
        Ok(())
    }

    fn routes(config: &mut ServiceConfig<'_>) {
        config.service(nothing);
    }
}

#[utoipa::path]
#[get("/nothing")]
async fn nothing() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[actix_web::test]
async fn spans_arrive_with_the_caller_s_trace() {
    let collector = OtlpReceiver::start().await;
    let silent =
        TestService::<Silent>::start(|loaded| loaded.common.otlp_endpoint = Some(collector.endpoint())).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let parent = format!("00-{trace}-b7ad6b7169203331-01");
    let get = reqwest::Method::GET;
    silent.anonymous().send("/nothing", get, |r| r.header("traceparent", parent)).await.expect_status(204);
    let span = wait_for("the span", Duration::from_secs(20), || async {
        collector.spans().await.into_iter().find(|span| span.trace_id == trace)
    })
    .await;
    assert_eq!((span.service.as_str(), span.name.as_str()), ("kit-silent", "GET /nothing"));
    assert_eq!(span.parent_id, "b7ad6b7169203331");
}
