use g2p_connect::disburse::v1::DisbursementPayloadV1;
use g2p_connect::disburse::v2::DisbursementPayload;
use g2p_connect::envelope::{MsgCallbackHeader, MsgHeader, MsgStatus, RawRequest, Request, Response};
use g2p_connect::header_v2::RawRequestV2;
use g2p_connect::mapper::*;
use g2p_connect::registry::expression::Comparison;
use g2p_connect::registry::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Any JSON, to the depth that matters.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Through i32: JSON floats of many digits are not read back to the last bit.
        any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
        Just(json!(1e300)),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        "[a-z_.]{0,8}",
        proptest::sample::select(vec![
            "$and",
            "$or",
            "$not",
            "$in",
            "$eq",
            "$lt",
            "$gte",
            "type",
            "value",
            "expression",
            "query",
            "collection",
            "expression1",
            "expression2",
            "condition",
            "attribute_name",
            "operator",
            "attribute_value",
            "seq_num",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn number() -> impl Strategy<Value = Scalar> {
    // Canonical text of at most 15 digits: what survives a JSON value.
    (any::<i32>(), 0u8..=3).prop_map(|(whole, decimals)| {
        let text = if decimals == 0 {
            whole.to_string()
        } else {
            format!("{whole}.{:0>1$}", 5, usize::from(decimals))
        };
        Scalar::Number(text.parse().unwrap())
    })
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![any::<bool>().prop_map(Scalar::Bool), ".{0,20}".prop_map(Scalar::Text), number()]
}

fn expression() -> impl Strategy<Value = Expression> {
    let name = "[a-z][a-z_.]{0,10}";
    let comparison = proptest::sample::select(vec![
        Comparison::Eq,
        Comparison::Lt,
        Comparison::Lte,
        Comparison::Gt,
        Comparison::Gte,
    ]);
    let leaf = prop_oneof![
        (name, comparison, scalar()).prop_map(|(a, c, v)| Expression::compare(a, c, v)),
        name.prop_map(|a| Expression::compare(a, Comparison::Eq, Scalar::Null)),
        (name, proptest::collection::vec(scalar(), 1..5))
            .prop_map(|(attribute, values)| Expression::In { attribute, values }),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Expression::And),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Expression::Or),
            inner.prop_map(|part| Expression::Not(Box::new(part))),
        ]
    })
}

fn header() -> impl Strategy<Value = MsgHeader> {
    (".*", ".*", ".*", ".*", any::<i64>(), ".*", proptest::option::of(any_json())).prop_map(
        |(id, ts, action, sender, count, uri, meta)| {
            let mut header = MsgHeader::new(id, ts, action, sender, count).with_sender_uri(uri);
            header.meta = meta.filter(|meta| !meta.is_null());
            header
        },
    )
}

fn link_item() -> impl Strategy<Value = LinkRequestItem> {
    (".*", ".*", ".*", ".*", proptest::option::of(".*"), proptest::option::of("[a-z]{2,3}")).prop_map(
        |(reference_id, timestamp, id, fa, name, locale)| LinkRequestItem {
            reference_id,
            timestamp,
            id,
            fa,
            phone_number: name.clone(),
            name,
            additional_info: None,
            locale,
        },
    )
}

/// Everything a service would do first with a body.
fn read_everything(body: &[u8]) {
    if let Ok(raw) = RawRequest::parse(body) {
        let _ = raw.header();
        let _ = raw.typed::<LinkRequest>();
        let _ = raw.typed::<ResolveRequest>();
        let _ = raw.typed::<MapperTxnStatusRequest>();
        let _ = raw.typed::<Vec<DisbursementPayloadV1>>();
        if let Ok(search) = raw.typed::<SearchRequest>() {
            for item in &search.message.search_request {
                let _ = item.check();
                let _ = item.search_criteria.parse_query().map(|query| query.filter());
            }
        }
    }
    if let Ok(raw) = RawRequestV2::parse(body) {
        let _ = raw.typed::<Vec<DisbursementPayload>>();
        let _ = raw.typed::<ResolveRequest>();
    }
    let _ = serde_json::from_slice::<Response<ResolveResponse>>(body);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_everything(&body);
    }

    #[test]
    fn arbitrary_json_in_every_place_never_panics(header in any_json(), message in any_json(), item in any_json()) {
        for body in [
            json!({"signature": item, "header": header, "message": message}),
            json!({"header": {"message_id":"m","message_ts":"t","action":"a","sender_id":"s","total_count":1}, "message": message}),
            json!({"header": {"message_id":"m","message_ts":"t","action":"a","sender_id":"s","total_count":1},
                "message": {"transaction_id": "t", "link_request": [item], "resolve_request": [item], "search_request": [
                    {"reference_id":"r","timestamp":"t","search_criteria":{"query_type":"expression","query":item}}]}}),
            json!({"request_header": header, "request_body": {"request_payload": item}}),
        ] {
            read_everything(body.to_string().as_bytes());
        }
    }

    #[test]
    fn damaged_requests_never_panic(at in 0usize..400, byte in any::<u8>()) {
        let mut body = br#"{"signature":"s","header":{"message_id":"m","message_ts":"t","action":"search","sender_id":"s","total_count":1},"message":{"transaction_id":"t","search_request":[{"reference_id":"r","timestamp":"2026-01-01T00:00:00Z","search_criteria":{"query_type":"predicate","query":[{"expression1":{"attribute_name":"a","operator":"in","attribute_value":"1,2"}}],"pagination":{"page_size":1}}}]}}"#.to_vec();
        let at = at % body.len();
        body[at] = byte;
        read_everything(&body);
    }

    #[test]
    fn any_query_is_understood_or_refused(query in any_json(), kind in proptest::sample::select(vec!["idtype-value", "expression", "predicate", "namedQuery", "graphql"])) {
        if let Ok(query) = Query::parse(kind, &query, &Limits::default()) {
            let _ = query.filter();
        }
        if let Ok(filter) = Expression::parse(&query, &Limits::default()) {
            prop_assert!(filter.attributes().len() <= Limits::default().nodes);
        }
    }

    #[test]
    fn filters_are_read_back_as_written(filter in expression()) {
        let limits = Limits { depth: 64, nodes: 10_000, ..Limits::default() };
        prop_assert_eq!(Expression::parse(&filter.to_json(), &limits), Ok(filter));
    }

    #[test]
    fn requests_are_read_back_as_written(header in header(), items in proptest::collection::vec(link_item(), 0..4), signature in proptest::option::of(".*")) {
        let message = LinkRequest { transaction_id: "t".to_owned(), link_request: items };
        let request = Request { signature, header, message };
        let body = serde_json::to_vec(&request).unwrap();
        let read: Request<LinkRequest> = RawRequest::parse(&body).unwrap().typed().unwrap();
        prop_assert_eq!(read, request);
    }

    #[test]
    fn answers_are_read_back_as_written(header in header(), total in any::<i64>(), completed in any::<i64>(), text in ".*") {
        let header = MsgCallbackHeader::for_request(&header, "on-link", MsgStatus::Pdng, "2026-01-01T00:00:00Z")
            .counts(total, completed)
            .because(Some("rjct.other.error"), text);
        let response = Response::new(header, Value::from(1));
        let read: Response<Value> = serde_json::from_slice(&serde_json::to_vec(&response).unwrap()).unwrap();
        prop_assert_eq!(read, response);
    }
}
