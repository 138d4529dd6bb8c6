use g2p_connect::envelope::{Request, Response};
use g2p_connect::reason::SearchReason;
use g2p_connect::registry::expression::Comparison;
use g2p_connect::registry::*;
use g2p_connect::txn::RegistryTxnType;
use serde_json::{Value, json};

use crate::{parse, stays_the_same, written};

const INVALID: SearchReason = SearchReason::SearchCriteriaInvalid;

fn criteria(query_type: &str, query: Value) -> SearchCriteria {
    serde_json::from_value(json!({ "query_type": query_type, "query": query })).unwrap()
}

fn filter(query: Value) -> Result<Expression, SearchReason> {
    Expression::parse(&query, &Limits::default())
}

fn less(attribute: &str, text: &str) -> Expression {
    Expression::compare(attribute, Comparison::Lt, Scalar::Number(text.parse().unwrap()))
}

#[test]
fn a_whole_search_and_its_answer_stay_the_same() {
    stays_the_same::<Request<SearchRequest>>(
        r#"{"signature":"unsigned-stub","header":{"version":"1.0.0","message_id":"17","message_ts":"2026-11-21T05:16:33.715Z",
        "action":"search","sender_id":"test-client","sender_uri":"http://127.0.0.1:3337/registry/on-search",
        "receiver_id":"sr-server","total_count":1,"is_msg_encrypted":false},"message":{"transaction_id":"t-1","search_request":[
        {"reference_id":"ref-1","timestamp":"2026-11-21T05:16:33.715Z","search_criteria":{"version":"1.0.0",
        "query_type":"idtype-value","query":{"type":"UIN","value":"TEST-001"},"sort":[{"attribute_name":"age","sort_order":"desc"}],
        "pagination":{"page_size":10,"page_number":1}},"locale":"eng"}]}}"#,
    );
    stays_the_same::<Response<SearchResponse>>(
        r#"{"header":{"version":"1.0.0","message_id":"m-2","message_ts":"2026-11-21T05:16:33.720Z","action":"on-search",
        "status":"succ","total_count":1,"completed_count":1,"sender_id":"sr-server","receiver_id":"test-client",
        "is_msg_encrypted":false},"message":{"transaction_id":"t-1","correlation_id":"c-1","search_response":[
        {"reference_id":"ref-1","timestamp":"2026-11-21T05:16:33.720Z","status":"succ","data":{"version":"1.0.0",
        "reg_type":"ns:org:RegistryType:Social","reg_record_type":"Member","reg_records":[{"@type":"Member","is_disabled":false}]},
        "pagination":{"page_size":10,"page_number":1,"total_count":1},"locale":"eng"}]}}"#,
    );
}

#[test]
fn the_three_query_types_of_the_conformance_suite_are_understood() {
    let query = criteria("idtype-value", json!({"type":"UIN","value":"TEST-001"})).parse_query().unwrap();
    assert_eq!(query, Query::IdType(IdTypeQuery { id_type: "UIN".to_owned(), value: "TEST-001".to_owned() }));
    assert_eq!(query.filter(), None);

    let query = criteria(
        "expression",
        json!({"type":"ns:org:QueryType:expression","value":{"expression":{"collection":"Group",
            "query":{"$and":[{"poverty_score":{"$lt":5}},{"location":{"$eq":"central_region"}},{"group_size":{"$lt":5}}]}}}}),
    )
    .parse_query()
    .unwrap();
    let central = Expression::compare("location", Comparison::Eq, Scalar::Text("central_region".to_owned()));
    let wanted = Expression::And(vec![less("poverty_score", "5"), central, less("group_size", "5")]);
    assert_eq!(query, Query::Expression { collection: Some("Group".to_owned()), filter: wanted });

    let query = criteria(
        "predicate",
        json!([{"seq_num":1,"expression1":{"attribute_name":"age","operator":"lt","attribute_value":"25"},
            "condition":"and","expression2":{"attribute_name":"poverty_score","operator":"lt","attribute_value":"2.5"}}]),
    )
    .parse_query()
    .unwrap();
    assert_eq!(query.filter(), Some(Expression::And(vec![less("age", "25"), less("poverty_score", "2.5")])));
}

#[test]
fn the_type_decides_and_never_the_shape() {
    let shapes = [
        ("idtype-value", json!({"type":"UIN","value":"TEST-001"})),
        ("expression", json!({"type":"x","value":{"expression":{"collection":"Group","query":{"a":1}}}})),
        ("predicate", json!([{"expression1":{"attribute_name":"a","operator":"eq","attribute_value":1}}])),
        ("namedQuery", json!({"query_name":"q","query_params":{}})),
    ];
    for (own, query) in &shapes {
        for (other, _) in &shapes {
            let parsed = criteria(other, query.clone()).parse_query();
            assert_eq!(parsed.is_ok(), own == other, "query of {own} as {other}");
            assert!(parsed.is_ok() || parsed == Err(INVALID));
        }
    }
    assert_eq!(criteria("sql", json!({"type":"UIN","value":"1"})).parse_query(), Err(INVALID));
    assert!(
        criteria("idtype", json!({"type":"UIN","value":12345})).parse_query().is_ok(),
        "G2P-Connect's name of it"
    );
    assert!(criteria("graphql", json!("{ member { name } }")).parse_query().is_ok());
    assert!(
        criteria("graphql", json!({"type":"x","value":{"expression":"{ member }"}})).parse_query().is_ok()
    );
}

#[test]
fn a_wrong_query_does_not_spoil_its_neighbours() {
    let message: SearchRequest = parse(
        r#"{"transaction_id":"t","search_request":[
        {"reference_id":"1","timestamp":"2026-01-01T00:00:00Z","search_criteria":{"query_type":"predicate","query":"what?"}},
        {"reference_id":"2","timestamp":"2026-01-01T00:00:00Z","search_criteria":{"query_type":"idtype-value","query":{"type":"UIN","value":"1"}}}]}"#,
    );
    let [bad, good] = message.search_request.as_slice() else { panic!("two searches") };
    assert_eq!(bad.search_criteria.parse_query(), Err(INVALID));
    assert!(good.search_criteria.parse_query().is_ok());
}

#[test]
fn operators_combine_as_written() {
    assert_eq!(filter(json!({})), Ok(Expression::all()));
    assert_eq!(
        filter(json!({"a": {"$lt": 2}, "b": {"$lt": 3}})),
        Ok(Expression::And(vec![less("a", "2"), less("b", "3")]))
    );
    let range = filter(json!({"age": {"$gte": 18, "$lt": 60}})).unwrap();
    assert_eq!(range.attributes(), ["age", "age"]);
    let negated = filter(json!({"age": {"$not": {"$lt": 18}}})).unwrap();
    assert_eq!(negated, Expression::Not(Box::new(less("age", "18"))));
    let nested = filter(json!({"$or": [{"x.y": null}, {"$not": {"z": {"$in": ["a", 1, true]}}}]})).unwrap();
    assert_eq!(nested.attributes(), ["x.y", "z"]);
}

#[test]
fn what_is_not_fully_understood_is_refused() {
    for query in [
        json!(null),
        json!([]),
        json!("a"),
        json!({"$and": []}),
        json!({"$or": {}}),
        json!({"$and": [{}]}),
        json!({"$not": {}}),
        json!({"$where": "1"}),
        json!({"a": {"$ne": 1}}),
        json!({"a": {"$regex": ".*"}}),
        json!({"a": {}}),
        json!({"a": [1]}),
        json!({"a": {"$eq": {"b": 1}}}),
        json!({"a": {"$in": []}}),
        json!({"a": {"$in": 1}}),
        json!({"a": {"$lt": null}}),
        json!({"a": {"$not": 5}}),
        json!({"": 1}),
        json!({"a b": 1}),
        json!({"a'; drop table x": 1}),
    ] {
        assert_eq!(filter(query.clone()), Err(INVALID), "{query}");
    }
}

#[test]
fn filters_beyond_the_limits_are_refused() {
    let mut deep = json!({"a": 1});
    for _ in 0..20 {
        deep = json!({ "$not": deep });
    }
    assert_eq!(filter(deep), Err(INVALID));
    let wide = |n: usize| json!({ "$or": vec![json!({"a": 1}); n] });
    assert!(filter(wide(100)).is_ok());
    assert_eq!(filter(wide(1_000)), Err(INVALID));
    assert_eq!(filter(json!({"a": {"$in": vec![1; 1_001]}})), Err(INVALID));
    assert_eq!(filter(json!({"a": "x".repeat(1_001)})), Err(INVALID));
    assert_eq!(criteria("predicate", json!([])).parse_query(), Err(INVALID));
}

#[test]
fn predicates_read_numbers_from_text_and_leave_other_text_alone() {
    let parse_one = |value: Value| {
        let query = json!([{"expression1":{"attribute_name":"a","operator":"eq","attribute_value":value}}]);
        match criteria("predicate", query).parse_query().unwrap() {
            Query::Predicate(list) => list[0].first.values.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(parse_one(json!("2.50")), [Scalar::Number("2.50".parse().unwrap())]);
    assert_eq!(parse_one(json!("0712345678")), [Scalar::Text("0712345678".to_owned())], "a phone number");
    assert_eq!(parse_one(json!("2026-01-01")), [Scalar::Text("2026-01-01".to_owned())]);
    assert_eq!(parse_one(json!(5)), [Scalar::Number("5".parse().unwrap())]);
}

#[test]
fn predicates_join_by_their_condition_in_the_order_of_their_numbers() {
    let one = |attribute: &str| json!({"attribute_name":attribute,"operator":"lt","attribute_value":"1"});
    let query = json!([
        {"seq_num":2,"expression1":one("c"),"condition":"not"},
        {"seq_num":1,"expression1":one("a"),"condition":"or","expression2":one("b")},
        {"seq_num":3,"expression1":one("d"),"condition":"not","expression2":one("e")},
        {"expression1":{"attribute_name":"f","operator":"in","attribute_value":"1, x"}}
    ]);
    let not = |e: Expression| Expression::Not(Box::new(e));
    let in_f = Expression::In {
        attribute: "f".to_owned(),
        values: vec![Scalar::Number("1".parse().unwrap()), Scalar::Text("x".to_owned())],
    };
    let wanted = Expression::And(vec![
        Expression::Or(vec![less("a", "1"), less("b", "1")]),
        not(less("c", "1")),
        Expression::And(vec![less("d", "1"), not(less("e", "1"))]),
        in_f,
    ]);
    assert_eq!(criteria("predicate", query).parse_query().unwrap().filter(), Some(wanted));

    for bad in [
        json!([{"expression1":one("a"),"expression2":one("b")}]),
        json!([{"expression1":one("a"),"condition":"or"}]),
        json!([{"expression1":one("a"),"condition":{"seq_num":1}}]),
        json!([{"expression1":{"attribute_name":"a","operator":"like","attribute_value":"1"}}]),
        json!([{"condition":"and"}]),
    ] {
        assert_eq!(criteria("predicate", bad.clone()).parse_query(), Err(INVALID), "{bad}");
    }
}

#[test]
fn pages_are_found_in_both_places_and_must_be_positive() {
    let item = |inner: Value, outer: Value| -> SearchItem {
        serde_json::from_value(json!({"reference_id":"r","timestamp":"2026-01-01T00:00:00Z","pagination":outer,
            "search_criteria":{"query_type":"idtype-value","query":{"type":"UIN","value":"1"},"pagination":inner}}))
        .unwrap()
    };
    let page = |size, number| Ok(Some(Page { size, number }));
    let invalid = Err(SearchReason::PaginationInvalid);
    assert_eq!(item(json!(null), json!(null)).page(), Ok(None));
    assert_eq!(item(json!({"page_size":10}), json!(null)).page(), page(10, 1));
    assert_eq!(item(json!(null), json!({"page_size":10.0,"page_number":2})).page(), page(10, 2));
    assert_eq!(item(json!({"page_size":5}), json!({"page_size":5,"page_number":1})).page(), page(5, 1));
    assert_eq!(item(json!({"page_size":5}), json!({"page_size":6})).page(), invalid);
    for (size, number) in
        [(json!(0), json!(1)), (json!(-1), json!(1)), (json!(1), json!(0)), (json!(1e44), json!(1))]
    {
        assert_eq!(item(json!(null), json!({"page_size":size,"page_number":number})).page(), invalid);
        assert_eq!(
            item(json!({"page_size":size,"page_number":number}), json!(null)).check(),
            invalid.map(|_: Option<Page>| ())
        );
    }
}

#[test]
fn formats_of_an_item_are_checked() {
    let item = |timestamp: &str, locale: &str, sort: Value| -> Result<(), SearchReason> {
        let item: SearchItem =
            serde_json::from_value(json!({"reference_id":"r","timestamp":timestamp,"locale":locale,
            "search_criteria":{"query_type":"idtype-value","query":{"type":"UIN","value":"1"},"sort":sort}}))
            .unwrap();
        item.check()
    };
    let now = "2026-01-01T10:30:00+03:00";
    assert_eq!(
        item(now, "eng", json!([{"attribute_name":"age","sort_order":"asc"},{"attribute_name":"name"}])),
        Ok(())
    );
    assert_eq!(item("2026-01-15T10:30:00", "eng", json!(null)), Err(SearchReason::TimestampInvalid));
    assert_eq!(item("not-a-timestamp", "eng", json!(null)), Err(SearchReason::TimestampInvalid));
    assert_eq!(item(now, "en", json!(null)), Err(INVALID));
    assert_eq!(item(now, "ENG", json!(null)), Err(INVALID));
    assert_eq!(
        item(now, "eng", json!([{"attribute_name":"age","sort_order":"up"}])),
        Err(SearchReason::SortInvalid)
    );
    assert_eq!(item(now, "eng", json!([{"attribute_name":"a;b"}])), Err(SearchReason::SortInvalid));
    let id = |n: usize| SearchRequest { transaction_id: "x".repeat(n), search_request: Vec::new() };
    assert!(
        id(99).has_valid_transaction_id()
            && !id(100).has_valid_transaction_id()
            && !id(0).has_valid_transaction_id()
    );
}

#[test]
fn criteria_we_send_are_criteria_we_understand() {
    let wanted = Expression::And(vec![less("poverty_score", "40"), less("group_size", "12")]);
    let sent = SearchCriteria::expression("Group", &wanted);
    let received: SearchCriteria = parse(&written(&sent).to_string());
    assert_eq!(received.parse_query().unwrap().filter(), Some(wanted));
}

#[test]
fn debug_of_criteria_and_records_shows_no_person() {
    let shown = format!("{:?}", criteria("idtype-value", json!({"type":"UIN","value":"SECRET-1"})));
    assert!(shown.contains("idtype-value") && !shown.contains("SECRET"), "{shown}");
    let shown =
        format!("{:?}", criteria("idtype-value", json!({"type":"UIN","value":"SECRET-1"})).parse_query());
    assert!(!shown.contains("SECRET"), "{shown}");
    let data: SearchData = parse(r#"{"reg_records":[{"name":"SECRET"}]}"#);
    assert!(!format!("{data:?}").contains("SECRET"));
    let item = filter(json!({"name": "SECRET"})).unwrap();
    assert!(!format!("{item:?}").contains("SECRET"));
}

#[test]
fn transaction_status_of_a_search() {
    let json = r#"{"transaction_id":"t-4","correlation_id":"c-4","txnstatus_response":{"txn_type":"search",
        "txn_status":{"transaction_id":"t-4","correlation_id":"c-4","search_response":[]}}}"#;
    stays_the_same::<RegistryTxnStatusResponse>(json);
    let request: RegistryTxnStatusRequest = parse(
        r#"{"transaction_id":"t-4","txnstatus_request":{"reference_id":"r","txn_type":"search","attribute_type":"transaction_id","attribute_value":"t-4"}}"#,
    );
    assert_eq!(request.txnstatus_request.as_slice()[0].txn_type, RegistryTxnType::Search);
}
