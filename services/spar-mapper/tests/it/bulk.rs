//! Files of many changes: taken in whatever their form, worked on row by row, reported, and safe against whoever sends them.

use std::io::Write;

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use g2p_crypto::{canonical_json, sha256, sign_detached};
use platform::{Mode, Policy};
use reqwest::Method;
use serde_json::{Value, json};
use storage::sql;
use testkit::{Reply, TestPartner, TestService};
use uuid::Uuid;

use super::{Service, change, now};

async fn start() -> TestService<Service> {
    super::start_with(|loaded| {
        // The tests look into the table itself.
        loaded.service.encryption = false;
        loaded.common.anonymous_partner = false;
        loaded.service.callback_loopback = true;
        // Several parts and both lanes, also of small files.
        loaded.service.bulk_part_rows = 7;
        loaded.service.bulk_max_row_bytes = 2_000;
        loaded.service.bulk_max_rows = 2_000;
    })
    .await
}

/// What the head of an upload says.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) operation: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) encoding: &'static str,
    pub(crate) key: String,
    pub(crate) at: String,
}

impl Head {
    pub(crate) fn new(operation: &'static str, content_type: &'static str) -> Self {
        Self { operation, content_type, encoding: "", key: Uuid::new_v4().to_string(), at: now() }
    }

    pub(crate) fn digest(body: &[u8]) -> String {
        format!("sha-256=:{}:", BASE64_STANDARD.encode(sha256(body)))
    }

    /// The signature over what is done with the body.
    fn signature(&self, partner: &TestPartner, body: &[u8]) -> String {
        let statement = canonical_json(&json!({
            "audience": "spar-mapper", "content_digest": Self::digest(body), "content_encoding": self.encoding,
            "content_type": self.content_type, "idempotency_key": self.key, "message_ts": self.at,
            "operation": format!("bulk {}", self.operation), "sender_id": partner.id(),
        }));
        sign_detached(partner.key(), &statement).unwrap()
    }

    pub(crate) fn headers(
        &self,
        request: reqwest::RequestBuilder,
        partner: &TestPartner,
        body: &[u8],
    ) -> reqwest::RequestBuilder {
        let request = request
            .header("Content-Type", self.content_type)
            .header("X-Sender-Id", partner.id())
            .header("X-Message-Ts", &self.at)
            .header("Idempotency-Key", &self.key)
            .header("Content-Digest", Self::digest(body))
            .header("Signature", self.signature(partner, body));
        if self.encoding.is_empty() { request } else { request.header("Content-Encoding", self.encoding) }
    }

    /// Sends `sent`, which the head says is `body`.
    async fn send(
        &self,
        mapper: &TestService<Service>,
        partner: &TestPartner,
        body: &[u8],
        sent: &[u8],
    ) -> Reply {
        let path = format!("/mapper/bulk?operation={}", self.operation);
        let build = |request| self.headers(request, partner, body).body(sent.to_vec());
        mapper.anonymous().send(&path, Method::POST, build).await
    }
}

pub(crate) async fn upload(
    mapper: &TestService<Service>,
    partner: &TestPartner,
    head: &Head,
    body: &[u8],
) -> Reply {
    head.send(mapper, partner, body, body).await
}

/// Sends a file, waits until it is worked on, and returns the report.
async fn bulk(mapper: &TestService<Service>, partner: &TestPartner, head: &Head, body: &[u8]) -> Value {
    let accepted = upload(mapper, partner, head, body).await.expect_status(202).json();
    mapper.settled().await;
    report(partner, &accepted).await
}

pub(crate) async fn report(partner: &TestPartner, accepted: &Value) -> Value {
    let id = accepted["job_id"].as_str().unwrap();
    partner.session().get(&format!("/api/v1/bulk/{id}")).await.expect_status(200).json()
}

/// Row, line, column, code, reason.
async fn rejects(partner: &TestPartner, report: &Value) -> Vec<(i64, i64, String, String, String)> {
    let id = report["job_id"].as_str().unwrap();
    let page = partner
        .session()
        .get(&format!("/api/v1/bulk/{id}/rejects?limit=1000"))
        .await
        .expect_status(200)
        .json();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let of = |r: &Value| {
        let (row, line) = (r["row"].as_i64().unwrap(), r["line"].as_i64().unwrap());
        (row, line, text(&r["column"]), text(&r["code"]), text(&r["reason"]))
    };
    page["items"].as_array().unwrap().iter().map(of).collect()
}

pub(crate) async fn count(mapper: &TestService<Service>, query: &str) -> i64 {
    sql::scalar(mapper.db().conn(), query, []).await.unwrap().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(crate) fn counts(report: &Value) -> (&str, i64, i64, i64) {
    let n = |key: &str| report[key].as_i64().unwrap();
    (report["state"].as_str().unwrap(), n("rows"), n("changed"), n("rejected"))
}

#[tokio::test]
async fn files_of_all_forms_are_linked_updated_and_unlinked_and_the_history_tells_of_it() {
    let mapper = start().await;
    let partner = mapper.partner("MINISTRY", &["mapper:call"]).await;
    let mut csv = "id,fa,name,phone_number\n".to_owned();
    for n in 0..100 {
        csv += &format!("token:{n}@nationalId,account:{n}@b.k.bank_acc,\"Person, {n}\",+25470000{n:04}\n");
    }
    let packed = Head { encoding: "gzip", ..Head::new("link", "text/csv; charset=utf-8") };
    let linked = bulk(&mapper, &partner, &packed, &gzip(csv.as_bytes())).await;
    assert_eq!(counts(&linked), ("done", 100, 100, 0), "{linked}");
    assert_eq!(linked["file_bytes"], csv.len());

    let lines: String = (0..100)
        .map(|n| format!("{}\n", json!({"id": format!("token:{n}@nationalId"), "fa": format!("account:{}@b.k.bank_acc", n + 1), "timestamp": "x"})))
        .collect();
    let updated =
        bulk(&mapper, &partner, &Head::new("update", "application/x-ndjson"), lines.as_bytes()).await;
    assert_eq!(counts(&updated), ("done", 100, 100, 0), "{updated}");
    let kept = "SELECT count(*) FROM id_fa_mappings WHERE name LIKE 'Person, %' AND phone LIKE '+254%'
                  AND fa_value = 'account:' || (substring(id_value FROM '[0-9]+')::int + 1) || '@b.k.bank_acc'";
    assert_eq!(count(&mapper, kept).await, 100);

    let items: Vec<Value> = (0..100).map(|n| json!({"id": format!("token:{n}@nationalId")})).collect();
    let unlinked = bulk(
        &mapper,
        &partner,
        &Head::new("unlink", "application/json"),
        json!(items).to_string().as_bytes(),
    )
    .await;
    assert_eq!(counts(&unlinked), ("done", 100, 100, 0), "{unlinked}");
    assert_eq!(count(&mapper, "SELECT count(*) FROM id_fa_mappings").await, 0);

    let by = "SELECT count(*) FROM mapping_history WHERE actor = 'partner:MINISTRY' AND message_id = ";
    for (report, change) in [(&linked, "linked"), (&updated, "updated"), (&unlinked, "unlinked")] {
        let job = report["job_id"].as_str().unwrap();
        assert_eq!(count(&mapper, &format!("{by} '{job}' AND change = '{change}'")).await, 100);
    }
    let told = "SELECT sum(jsonb_array_length(payload->'items'))::bigint FROM outbox WHERE topic LIKE 'spar-mapper.mappings%'";
    assert_eq!(count(&mapper, told).await, 300, "each change is told of");
    assert_eq!(count(&mapper, "SELECT count(*) FROM bulk_parts").await, 0, "no copy of the file stays");
}

#[tokio::test]
async fn a_bad_row_is_reported_with_line_and_column_and_the_rest_goes_on() {
    let mapper = start().await;
    let partner = mapper
        .partner_with(
            "MINISTRY",
            Mode::Strict,
            Policy {
                permissions: ["mapper:link".to_owned(), "mapper:update".to_owned()].into(),
                id_namespaces: ["nationalId".to_owned()].into(),
                ..Policy::default()
            },
        )
        .await;
    assert_eq!(
        change(&partner, "link", &[json!({"id": "token:old@nationalId", "fa": "account:1@b"})]).await.len(),
        1
    );
    let admin = mapper.user("admin");
    let freeze = json!({"id": "token:frozen@nationalId", "reason": "asked by police"});
    admin.post("/api/v1/mappings/freeze", &freeze).await.expect_status(204);

    let long = "x".repeat(3_000);
    let account = "account:4711@secret";
    let csv = format!(
        "reference_id,id,fa,name\n\
         r1,token:a@nationalId,{account},A\n\
         r2,token:old@nationalId,{account},\n\
         r3,,{account},\n\
         \n\
         r4,token:b@nationalId,,\n\
         r5,token:c@otherId,{account},\n\
         r6,token:frozen@nationalId,{account},\n\
         r7,token:d@nationalId,{account}\n\
         r8,token:e@nationalId,{long},\n\
         r9,\"token:f\n@nationalId\",{account},\n\
         r10,token:a@nationalId,account:4712@other,again\n\
         r11,token:g@nationalId,{account},\n"
    );
    let done = bulk(&mapper, &partner, &Head::new("link", "text/csv"), csv.as_bytes()).await;
    assert_eq!(counts(&done), ("done", 11, 2, 9), "{done}");
    let found = rejects(&partner, &done).await;
    let places: Vec<(i64, i64, &str, &str)> = found
        .iter()
        .map(|(row, line, column, code, _)| (*row, *line, column.as_str(), code.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            (2, 3, "id", "rjct.reference_id.duplicate"),
            (3, 4, "id", "rjct.id.invalid"),
            (4, 6, "fa", "rjct.fa.invalid"),
            (5, 7, "id", "rjct.id.invalid"),
            (6, 8, "id", "rjct.other.error"),
            (7, 9, "", "rjct.row.invalid"),
            (8, 10, "", "rjct.row.invalid"),
            (9, 11, "id", "rjct.id.invalid"),
            (10, 13, "id", "rjct.reference_id.duplicate"),
        ],
        "{found:?}"
    );
    let id = done["job_id"].as_str().unwrap();
    let file = partner.session().get(&format!("/api/v1/bulk/{id}/rejects.csv")).await.expect_status(200).text;
    assert!(
        file.starts_with("row,line,id,reference_id,column,code,reason\n2,3,token:old@nationalId,r2,id,"),
        "{file}"
    );
    assert_eq!(file.lines().count(), 10, "{file}");
    assert!(!file.contains("4711") && !file.contains("xxx"), "no address in it: {file}");

    let first = partner.session().get(&format!("/api/v1/bulk/{id}/rejects?limit=4")).await.json();
    let next = first["next"].as_str().unwrap();
    let second =
        partner.session().get(&format!("/api/v1/bulk/{id}/rejects?limit=100&after={next}")).await.json();
    assert_eq!((first["items"].as_array().unwrap().len(), second["items"].as_array().unwrap().len()), (4, 5));

    let lines = "{\"id\":\"token:a@nationalId\",\"fa\":\"account:2@b\"}\n{\"id\":\"token:g@nationalId\",\"fa\":5}\n{\"id\"}\n\
                 {\"id\":\"token:g@nationalId\",\"fa\":\"x\",\"additional_info\":[\"\\u0000\"]}\n";
    // Far behind, in another part: one file says one thing about an id.
    let fill: String =
        (0..20).map(|n| format!("{{\"id\":\"token:none{n}@nationalId\",\"fa\":\"x\"}}\n")).collect();
    let lines = format!("{lines}{fill}{{\"id\":\"token:a@nationalId\",\"fa\":\"account:3@b\"}}\n");
    let done = bulk(&mapper, &partner, &Head::new("update", "application/x-ndjson"), lines.as_bytes()).await;
    assert_eq!(counts(&done), ("done", 25, 1, 24), "{done}");
    let found = rejects(&partner, &done).await;
    assert_eq!((found[0].2.as_str(), found[0].3.as_str()), ("fa", "rjct.row.invalid"), "{found:?}");
    assert!(found[1].4.contains("not JSON (line 1, column"), "{found:?}");
    assert!(found[2].4.contains("U+0000"), "{found:?}");
    assert_eq!(found[23].4, "this id stands twice in the message", "{found:?}");
}

#[tokio::test]
async fn a_file_that_is_no_file_of_rows_changes_nothing_and_says_why() {
    let mapper = start().await;
    let partner = mapper.partner("MINISTRY", &["mapper:call"]).await;
    let good = "id,fa\ntoken:a@nationalId,x\n";
    let many = format!("id,fa\n{}", "a,b\n".repeat(2_001));
    let bomb = gzip(&vec![b' '; 80 * 1024 * 1024]);
    let link = || Head::new("link", "text/csv");
    let packed = Head { encoding: "gzip", ..link() };
    let trap = Head { encoding: "gzip", ..Head::new("link", "application/json") };
    for (head, body, status, code) in [
        (Head::new("resolve", "text/csv"), good.as_bytes(), 400, "operation_invalid"),
        (Head::new("link", "text/plain"), good.as_bytes(), 415, "unsupported_media_type"),
        (Head { encoding: "br", ..link() }, good.as_bytes(), 415, "unsupported_media_type"),
        (packed.clone(), good.as_bytes(), 400, "content_encoding_invalid"),
        (packed, &gzip(good.as_bytes())[..20], 400, "content_encoding_invalid"),
        (trap, bomb.as_slice(), 413, "payload_too_large"),
        (link(), b"iban,id\n1,2\n", 422, "bulk_header_invalid"),
        (link(), b"id,fa\n", 422, "bulk_file_empty"),
        (link(), many.as_bytes(), 413, "payload_too_large"),
        (Head::new("link", "application/json"), b"[{\"id\":\"a\"},\n{\"id\":", 422, "bulk_file_broken"),
        (Head::new("link", "application/json"), b"{}", 422, "bulk_file_broken"),
    ] {
        let reply = upload(&mapper, &partner, &head, body).await.expect_status(status).json();
        assert_eq!(reply["code"], code, "{reply}");
    }
    for table in ["bulk_jobs", "bulk_parts", "bulk_rejects", "jobs", "id_fa_mappings"] {
        assert_eq!(count(&mapper, &format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn only_the_registered_sender_of_exactly_this_file_gets_it_done_and_only_once() {
    let mapper = start().await;
    let partner = mapper.partner("MINISTRY", &["mapper:call"]).await;
    let other = mapper.partner("OTHER", &["mapper:resolve"]).await;
    let (good, bad) =
        (b"id,fa\ntoken:a@nationalId,x\n".as_slice(), b"id,fa\ntoken:a@nationalId,y\n".as_slice());
    let head = Head::new("update", "text/csv");

    head.send(&mapper, &partner, good, bad).await.expect_status(401);
    upload(&mapper, &other, &head, good).await.expect_status(403);
    let old = Head { at: "2026-01-01T00:00:00Z".to_owned(), ..head.clone() };
    upload(&mapper, &partner, &old, good).await.expect_status(401);
    // What was signed for an update is no unlink.
    let signature = head.signature(&partner, good);
    let misused = |path: &'static str, digest: bool, signature: String| {
        let (head, id) = (head.clone(), partner.id().to_owned());
        let session = mapper.anonymous();
        async move {
            let build = |request: reqwest::RequestBuilder| {
                let request = request
                    .header("Content-Type", head.content_type)
                    .header("X-Sender-Id", id)
                    .header("X-Message-Ts", &head.at)
                    .header("Idempotency-Key", &head.key)
                    .header("Signature", signature)
                    .body(good.to_vec());
                if digest { request.header("Content-Digest", Head::digest(good)) } else { request }
            };
            session.send(path, Method::POST, build).await
        }
    };
    misused("/mapper/bulk?operation=unlink", true, signature).await.expect_status(401);
    misused("/mapper/bulk?operation=update", true, String::new()).await.expect_status(401);
    let whole = sign_detached(partner.key(), good).unwrap();
    misused("/mapper/bulk?operation=update", false, whole.clone()).await.expect_status(401);
    assert_eq!(count(&mapper, "SELECT count(*) FROM bulk_jobs").await, 0);
    // A link that is signed as it is could come again after its id was unlinked.
    misused("/mapper/bulk", false, whole).await.expect_status(401);
    assert_eq!(count(&mapper, "SELECT count(*) FROM bulk_jobs").await, 0);
    change(&partner, "link", &[json!({"id": "token:a@nationalId", "fa": "w"})]).await;

    let head = Head::new("update", "text/csv");
    let first = upload(&mapper, &partner, &head, good).await.expect_status(202).json();
    let again = upload(&mapper, &partner, &head, good).await.expect_status(202).json();
    assert_eq!(first, again, "the same file again is the same job");
    let reused = upload(&mapper, &partner, &head, bad).await.expect_status(422).json();
    assert_eq!(reused["code"], "idempotency_key_reused");
    mapper.settled().await;
    assert_eq!(count(&mapper, "SELECT count(*) FROM mapping_history WHERE change = 'updated'").await, 1);

    let path = format!("/api/v1/bulk/{}", first["job_id"].as_str().unwrap());
    other.session().get(&path).await.expect_status(404);
    mapper.user("checker").get(&path).await.expect_status(403);
    mapper.user("admin").get(&path).await.expect_status(200);
}

#[tokio::test]
async fn the_limit_of_the_partner_holds_and_a_compat_partner_is_served_as_its_messages_are() {
    let mapper = start().await;
    let policy = |permissions: &[&str]| Policy {
        permissions: permissions.iter().map(|p| (*p).to_owned()).collect(),
        max_bulk_rows: 2,
        ..Policy::default()
    };
    let partner = mapper.partner_with("MINISTRY", Mode::Compat, policy(&["mapper:link"])).await;
    let send = async |body: &'static str| {
        let build = |request: reqwest::RequestBuilder| {
            request.header("Content-Type", "text/csv").header("X-Sender-Id", "ministry").body(body)
        };
        mapper.anonymous().send("/mapper/bulk", Method::POST, build).await
    };
    let refused = send("id,fa\na,1\nb,2\nc,3\n").await.expect_status(413).json();
    assert!(refused["detail"].as_str().unwrap().contains("limit of 2"), "{refused}");
    let done = send("id,fa\na,1\nb,2\n").await.expect_status(202).json();
    mapper.settled().await;
    assert_eq!(counts(&report(&partner, &done).await), ("done", 2, 2, 0));
    // Compat: as a message would be, the same again is refused row by row.
    let done = send("id,fa\na,1\nb,2\n").await.expect_status(202).json();
    mapper.settled().await;
    assert_eq!(counts(&report(&partner, &done).await), ("done", 2, 0, 2));
}

#[tokio::test]
async fn what_notes_changes_is_planned_for_batches_whatever_came_before() {
    let mapper = start().await;
    let functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
                        AND proname IN ('mappings_inserted', 'mappings_updated', 'mappings_deleted', 'mappings_truncated')";
    assert_eq!(count(&mapper, functions).await, 4);
    let planned = format!("{functions} AND 'enable_nestloop=off' = ANY (proconfig)");
    assert_eq!(
        count(&mapper, &planned).await,
        4,
        "see migration m0010: a function that is replaced loses its settings"
    );
}
