//! Documents, path prefix, compression, proxies.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::TestService;

use crate::{support::start, toy::Toy};

#[tokio::test]
async fn the_documents_are_served() {
    let toy = start().await;
    let all = toy.anonymous();
    let document: Value = all.get("/openapi.json").await.expect_status(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["info"]["title"], "Toy shop");
    assert!(document["paths"]["/api/v1/things/{id}"]["get"].is_object());
    assert!(document.get("servers").is_none());
    assert!(all.get("/docs/").await.expect_status(200).text.contains("swagger"));
}

#[tokio::test]
async fn everything_moves_below_the_base_path() {
    let toy = TestService::<Toy>::start(|l| l.common.base_path = "/shop/toys".to_owned()).await;
    let all = toy.anonymous();
    let document: Value = all.get("/shop/toys/openapi.json").await.expect_status(200).json();
    assert_eq!(document["servers"], json!([{"url": "/shop/toys"}]));
    assert!(document["paths"]["/open/echo/{text}"].is_object(), "the prefix stands in servers only");
    all.get("/shop/toys/docs/").await.expect_status(200);
    assert_eq!(all.get("/shop/toys/open/echo/hello").await.expect_status(200).text, "hello");
    for outside in ["/open/echo/hello", "/openapi.json", "/shop/open/echo/hello"] {
        assert_eq!(all.get(outside).await.expect_status(404).json()["code"], "not_found");
    }
    let wrong = all.send("/shop/toys/open/big", Method::POST, |r| r).await.expect_status(405);
    assert_eq!(wrong.headers["allow"], "GET");
}

#[tokio::test]
async fn who_can_unpack_gets_less() {
    let toy = start().await;
    let ask = async |encoding: &'static str| {
        toy.anonymous().send("/open/big", Method::GET, |r| r.header("Accept-Encoding", encoding)).await
    };
    let plain = ask("identity").await.expect_status(200);
    assert!(!plain.headers.contains_key("content-encoding") && plain.text.len() > 80_000);
    // Named by the caller itself, so that the client does not unpack it.
    let packed = reqwest::Client::builder().no_gzip().no_proxy().build().unwrap();
    let packed = packed.get(format!("{}/open/big", toy.url())).header("Accept-Encoding", "gzip");
    let packed = packed.send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert!(packed.bytes().await.unwrap().len() < 8_000);
}

#[tokio::test]
async fn forwarded_headers_count_from_trusted_proxies_only() {
    let forwarded = async |proxies: &[&str]| {
        let proxies: Vec<String> = proxies.iter().map(|p| (*p).to_owned()).collect();
        let toy = TestService::<Toy>::start(|l| l.common.trusted_proxies = proxies).await;
        let build = |r: reqwest::RequestBuilder| {
            r.header("X-Forwarded-For", "198.51.100.7")
                .header("X-Forwarded-Proto", "https")
                .header("X-Forwarded-Host", "toys.example.org")
        };
        let reply = toy.anonymous().send("/open/origin", Method::GET, build).await.expect_status(200).json();
        (reply, toy.url())
    };
    let (believed, _) = forwarded(&["127.0.0.0/8"]).await;
    assert_eq!(believed, json!({"url": "https://toys.example.org", "client": "198.51.100.7"}));
    for proxies in [&[][..], &["10.0.0.0/8"]] {
        let (ignored, url) = forwarded(proxies).await;
        assert_eq!(ignored, json!({"url": url, "client": "127.0.0.1"}));
    }
}
