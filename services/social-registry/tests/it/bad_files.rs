//! Files that must not be taken: a clear error with the right code, nothing stored, nothing imported.

use crate::*;

async fn refused(session: &Session, file: impl Into<Vec<u8>>, status: u16, code: &str) -> String {
    let reply = post_file(session, &[("kind", "individuals")], file).await;
    assert_eq!(reply.status, status, "{code}: {}", reply.text);
    let problem = reply.json();
    assert_eq!(problem["code"], code, "{problem}");
    problem["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn files_that_cannot_be_read_are_refused_as_a_whole() {
    let registry = start().await;
    let maker = registry.user("maker");
    import(&maker, "individuals", INDIVIDUALS).await;

    refused(&maker, "", 422, "file_empty").await;
    refused(&maker, "\u{FEFF}\n\n", 422, "file_empty").await;
    refused(&maker, "external_id,given_name\n", 422, "file_has_no_rows").await;
    let latin = b"external_id,given_name\nX1,Ann\nX2,Andr\xE9\n".to_vec();
    let detail = refused(&maker, latin, 422, "wrong_encoding").await;
    assert!(detail.contains("row 3") && detail.contains("byte 38") && detail.contains("UTF-8"), "{detail}");
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain("external_id\nX1\n".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert!(refused(&maker, utf16, 422, "wrong_encoding").await.contains("UTF-16"));
    let wide = format!("{}\n{}\n", vec!["c"; 1_000_000].join(","), vec!["1"; 1_000_000].join(","));
    assert!(refused(&maker, wide, 422, "too_many_columns").await.contains("500"));
    refused(&maker, "x".repeat(1_000_000), 422, "header_too_long").await;
    refused(&maker, "external_id,a,a\nX1,1,2\n", 422, "column_twice").await;
    let detail = refused(&maker, "name,gender\nAnn,female\n", 422, "column_missing").await;
    assert!(detail.contains("external_id"), "{detail}");
    refused(&maker, "external_id,\u{1}\nX1,2\n", 422, "column_name_invalid").await;

    // What was there is there, and nothing of the refused files is left.
    assert_eq!(count(registry.db(), "SELECT count(*) FROM registrants").await, 5);
    assert_eq!(count(registry.db(), "SELECT count(*) FROM imports").await, 1);
    assert_eq!(count(registry.db(), "SELECT count(*) FROM import_chunks").await, 0);
}

#[tokio::test]
async fn a_row_beyond_the_limits_is_refused_alone() {
    let registry = start().await;
    let maker = registry.user("maker");
    let file = format!(
        "external_id,given_name\nX1,Ann\nX2,{}\nX3{}\nX4,\"Bob\nX5,Cyd\n",
        "y".repeat(300_000),
        ",z".repeat(1_000_000)
    );
    let view = import(&maker, "individuals", &file).await;
    let codes: Vec<String> = rejects(&maker, &view).await.into_iter().map(|r| r.2).collect();
    assert_eq!(codes, ["row_too_long", "too_many_columns", "control_character"]);
    assert_eq!(counts(&view), [1, 0, 0, 3]);
}

#[tokio::test]
async fn a_file_larger_than_the_limit_is_refused_early() {
    let registry = TestService::<Service>::start(|loaded| {
        loaded.service = Config { import_max_bytes: 100_000, ..config() };
    })
    .await;
    let maker = registry.user("maker");
    let row = "X,Ann\n";
    let file = format!("external_id,given_name\n{}", row.repeat(100_000));
    refused(&maker, file, 413, "payload_too_large").await;
    refused(&maker, vec![b'x'; 50 * 1024 * 1024], 413, "payload_too_large").await;
    assert_eq!(count(registry.db(), "SELECT count(*) FROM import_chunks").await, 0);
}

#[tokio::test]
async fn forms_that_are_no_uploads_get_a_clear_answer() {
    let registry = start().await;
    let maker = registry.user("maker");
    let code = |reply: Reply| (reply.status, reply.json()["code"].as_str().unwrap().to_owned());
    let invalid = (400, "multipart_invalid".to_owned());
    assert_eq!(code(maker.post("/api/v1/imports", &serde_json::json!({})).await), invalid);
    let garbage = maker.post_bytes("/api/v1/imports", "multipart/form-data; boundary=x", "garbage").await;
    assert_eq!(code(garbage), invalid);
    let cut = "--x\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\nindividuals\r\n--x\r\n\
               Content-Disposition: form-data; name=\"file\"\r\n\r\nexternal_id,giv";
    assert_eq!(
        code(maker.post_bytes("/api/v1/imports", "multipart/form-data; boundary=x", cut).await),
        invalid
    );
    let no_file = reqwest::multipart::Form::new().text("kind", "individuals");
    let reply = maker.send("/api/v1/imports", reqwest::Method::POST, |r| r.multipart(no_file)).await;
    assert_eq!(code(reply), invalid);
    for (parts, wanted) in [
        (vec![], "kind_invalid"),
        (vec![("kind", "planets")], "kind_invalid"),
        (vec![("kind", "ids"), ("dry_run", "perhaps")], "dry_run_invalid"),
        (vec![("kind", "ids"), ("mapping", "[1]")], "mapping_invalid"),
        (vec![("kind", "ids"), ("colour", "red")], "multipart_invalid"),
    ] {
        assert_eq!(code(post_file(&maker, &parts, "a\n1\n").await), (400, wanted.to_owned()));
    }
    for (parts, wanted) in [
        (vec![("kind", "ids"), ("encoding", "klingon")], "encoding_unknown"),
        (vec![("kind", "ids"), ("mapping", "{\"planet\": \"a\"}")], "field_unknown"),
        (vec![("kind", "ids"), ("mapping", "{\"value\": \"b\"}")], "column_unknown"),
    ] {
        assert_eq!(code(post_file(&maker, &parts, "a\n1\n").await), (422, wanted.to_owned()));
    }
    assert_eq!(count(registry.db(), "SELECT count(*) FROM imports").await, 0);
}
