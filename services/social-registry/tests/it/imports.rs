//! What importing does to the registry, and what it says about each row.

use serde_json::json;

use crate::*;

#[tokio::test]
async fn a_population_is_registered_with_everything_that_hangs_on_it() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let stats = maker.get("/api/v1/stats").await.expect_status(200).json();
    assert_eq!(
        stats,
        json!({"individuals": 5, "households": 3, "duplicates": 0, "memberships": 5, "identifiers": 4, "phones": 3,
               "relationships": 0, "scores": 0, "open_pairs": 0})
    );
    let db = registry.db();
    // A social ID and a pseudonym each, all different; a phone in one form however it was written.
    let ids = "SELECT count(DISTINCT social_id) FROM registrants WHERE social_id ~ '^[2-9][0-9]{9}$'";
    assert_eq!(count(db, ids).await, 5);
    let tokens = "SELECT count(DISTINCT pseudonym) FROM registrants
                   WHERE pseudonym ~ '^token:[A-Za-z0-9_-]{22}@(nationalId|household)$'";
    assert_eq!(count(db, tokens).await, 8);
    assert_eq!(count(db, "SELECT count(*) FROM phones WHERE e164 = '+254712345678'").await, 2);
    assert_eq!(count(db, "SELECT count(*) FROM history WHERE action = 'created'").await, 20);
    let actors = "SELECT count(*) FROM history WHERE actor <> 'user:maker' OR reason NOT LIKE 'import %'";
    assert_eq!(count(db, actors).await, 0);
}

#[tokio::test]
async fn the_same_files_again_change_nothing() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    registry.settled().await;
    let state = "SELECT (SELECT count(*) FROM history) + (SELECT sum(version) FROM registrants)
                      + (SELECT count(*) FROM outbox)";
    let before = count(registry.db(), state).await;
    for (kind, file, rows) in [
        ("households", HOUSEHOLDS, 3),
        ("individuals", INDIVIDUALS, 5),
        ("memberships", MEMBERSHIPS, 5),
        ("ids", IDS, 4),
        ("phones", PHONES, 3),
    ] {
        assert_eq!(counts(&import(&maker, kind, file).await), [0, 0, rows, 0], "{kind}");
    }
    assert_eq!(count(registry.db(), state).await, before);
}

#[tokio::test]
async fn changes_are_written_with_before_and_after() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    // Only the columns of the file are touched.
    let file = "external_id,given_name,family_name\nP1,Aminah,Odhiambo\nP2,Otieno,Odhiambo\n";
    assert_eq!(counts(&import(&maker, "individuals", file).await), [0, 1, 1, 0]);
    let id = id_of(registry.db(), "P1").await;
    let history = maker.post("/api/v1/registrants/history", &json!({"registrant_id": id})).await;
    let history = history.expect_status(200).json();
    let last = history["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((last["entity"].as_str(), last["action"].as_str()), (Some("registrant"), Some("updated")));
    assert_eq!(last["before"]["name"], "Amina Odhiambo");
    assert_eq!(last["after"]["name"], "Aminah Odhiambo");
    assert_eq!(last["after"]["birth_date"], "1980-05-01");
    assert_eq!(last["after"]["attributes"]["language"], "luo");
    assert_eq!(last["actor"], "user:maker");
    let ids = "individual_external_id,id_type,value\nP1,NATIONAL_ID,111111112\n";
    assert_eq!(counts(&import(&maker, "ids", ids).await), [0, 1, 0, 0]);
}

#[tokio::test]
async fn wrong_rows_are_refused_with_a_reason_and_good_rows_are_kept() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let individuals = "external_id,given_name,family_name,gender,birth_date,registration_date\n\
        N1,Ann,Good,female,2000-01-01,2025-01-01\n\
        N2,Bob,Bad,mail,2000-01-01,2025-01-01\n\
        N3,Cyd,Bad,male,2021-02-29,2025-01-01\n\
        N4,Dan,Bad,male,9123-02-11,2025-01-01\n\
        N5,,,male,2000-01-01,2025-01-01\n\
        ,Eve,Bad,female,2000-01-01,2025-01-01\n\
        N6,Fay,Bad,female,2000-01-01\n\
        N1,Ann,Again,female,2000-01-01,2025-01-01\n\
        N7,Gus,Good,male,,2025-01-01\n";
    let view = import(&maker, "individuals", individuals).await;
    assert_eq!(counts(&view), [2, 0, 0, 7]);
    let refused = rejects(&maker, &view).await;
    let expected = [
        (3, "gender", "gender_invalid"),
        (4, "birth_date", "date_invalid"),
        (5, "birth_date", "date_in_future"),
        (6, "given_name", "missing"),
        (7, "external_id", "missing"),
        (8, "", "field_count"),
        (9, "", "repeated_key"),
    ];
    assert_eq!(refused, expected.map(|(row, column, code)| (row, column.to_owned(), code.to_owned())));

    let path = format!("/api/v1/imports/{}/rejects.csv", view["import_id"].as_str().unwrap());
    let file = maker.get(&path).await.expect_status(200).text;
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(
        lines[0],
        "external_id,given_name,family_name,gender,birth_date,registration_date,_row,_column,_code,_reason"
    );
    assert_eq!(
        lines[1],
        "N2,Bob,Bad,mail,2000-01-01,2025-01-01,3,gender,gender_invalid,\"gender must be female, male or other\""
    );
    assert_eq!(lines.len(), 8);

    let memberships = "household_external_id,individual_external_id,kind\n\
        H9,P1,Child\nH1,P9,Child\nH1,N1,Head\nH1,N7,Boss\nH1,N7,Child\n";
    let view = import(&maker, "memberships", memberships).await;
    assert_eq!(counts(&view), [1, 0, 0, 4]);
    let codes: Vec<String> = rejects(&maker, &view).await.into_iter().map(|r| r.2).collect();
    assert_eq!(codes, ["unknown_registrant", "unknown_registrant", "unique_kind_taken", "unknown_kind"]);
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    registry.settled().await;
    let before = count(registry.db(), "SELECT count(*) FROM history").await;
    let file =
        "external_id,given_name,family_name\nP1,Aminah,Odhiambo\nP2,Otieno,Odhiambo\nP9,New,Person\nPX,,\n";
    let reply = post_file(&maker, &[("kind", "individuals"), ("dry_run", "true")], file).await;
    let view = ended(&maker, &reply.expect_status(202).json()["import_id"]).await;
    assert_eq!((view["dry_run"].as_bool(), counts(&view)), (Some(true), [1, 1, 1, 1]));
    assert_eq!(count(registry.db(), "SELECT count(*) FROM history").await, before);
    assert_eq!(count(registry.db(), "SELECT count(*) FROM social_ids").await, 5);
}

#[tokio::test]
async fn columns_are_mapped_and_other_encodings_are_read_when_declared() {
    let registry = start().await;
    let maker = registry.user("maker");
    let mapping =
        json!({"external_id": "Num", "given_name": "Prenom", "family_name": "Nom", "langue": "Parle"});
    let file = b"Num;x,Prenom,Nom,Parle,Num\nz,Andr\xE9,Fran\xE7ois,fra,A1\n".to_vec();
    let parts = [("kind", "individuals"), ("mapping", &mapping.to_string()), ("encoding", "windows-1252")];
    let accepted = post_file(&maker, &parts, file).await.expect_status(202).json();
    assert_eq!(accepted["ignored_columns"], json!(["Num;x"]));
    assert_eq!(counts(&ended(&maker, &accepted["import_id"]).await), [1, 0, 0, 0]);
    let found = maker.post("/api/v1/registrants/lookup", &json!({"external_id": "A1"})).await.json();
    assert_eq!(found["items"][0]["name"], "André François");
    assert_eq!(found["items"][0]["attributes"], json!({"langue": "fra"}));
}

#[tokio::test]
async fn relationships_join_two_people() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    let file = "source_external_id,destination_external_id,relation,start_date\n\
        P1,P2,parent,\nP1,P1,parent,\nP1,P9,parent,\nP1,P2,boss,\nH1,H2,neighbour,2025-01-01\n";
    let view = import(&maker, "relationships", file).await;
    assert_eq!(counts(&view), [2, 0, 0, 3]);
    assert_eq!(counts(&import(&maker, "relationships", file).await), [0, 0, 2, 3]);
}

#[tokio::test]
async fn other_services_hear_who_changed_and_nothing_personal() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    registry.settled().await;
    let created = "SELECT count(*) FROM outbox
        WHERE topic = 'social-registry.registrants.changed.v1' AND payload::text LIKE '%\"created\"%'";
    // Chunks of three rows: one event for the households, two for the people.
    assert_eq!(count(registry.db(), created).await, 3);
    let leaks = "SELECT count(*) FROM outbox
        WHERE payload::text ~* 'amina|odhiambo|254712345678|111111111|1980'";
    assert_eq!(count(registry.db(), leaks).await, 0);
}

#[tokio::test]
async fn who_is_compared_by_the_place_of_a_household_is_announced_when_it_moves() {
    let registry = start().await;
    let maker = registry.user("maker");
    populate(&maker).await;
    registry.settled().await;
    let told = async |who: &str| {
        let id = id_of(registry.db(), who).await;
        let sql = format!(
            "SELECT count(*) FROM outbox WHERE payload::text LIKE '%\"individual\"%' AND payload::text LIKE '%{id}%'"
        );
        count(registry.db(), &sql).await
    };
    let before = (told("P1").await, told("P2").await, told("P3").await);
    import(&maker, "households", "external_id,name,tv\nH1,Odhiambo,true\n").await;
    assert_eq!((told("P1").await, told("P2").await), (before.0, before.1), "the place is the same");
    import(&maker, "households", "external_id,name,village\nH1,Odhiambo,Kilima\n").await;
    let after = (told("P1").await, told("P2").await, told("P3").await);
    assert_eq!(after, (before.0 + 1, before.1 + 1, before.2));
}

#[tokio::test]
async fn an_idempotency_key_makes_one_import_of_one_file() {
    let registry = start().await;
    let maker = registry.user("maker");
    let post = async |dry_run: &'static str, file: &'static str| {
        let part = reqwest::multipart::Part::bytes(file.as_bytes()).file_name("rows.csv");
        let form = reqwest::multipart::Form::new().text("kind", "households").text("dry_run", dry_run);
        let form = form.part("file", part);
        maker
            .send("/api/v1/imports", reqwest::Method::POST, |r| {
                r.header("Idempotency-Key", "k-1").multipart(form)
            })
            .await
    };
    let first = post("false", HOUSEHOLDS).await.expect_status(202).json();
    assert_eq!(post("false", HOUSEHOLDS).await.expect_status(202).json(), first);
    assert_eq!(post("true", HOUSEHOLDS).await.status, 422, "another request");
    assert_eq!(post("false", "external_id,name\nH9,Other\n").await.status, 422, "another file");
    assert_eq!(ended(&maker, &first["import_id"]).await["created"], 3);
    assert_eq!(count(registry.db(), "SELECT count(*) FROM imports").await, 1);
}

#[tokio::test]
async fn only_who_may_import_does() {
    let registry = start().await;
    for (session, status) in
        [(registry.anonymous(), 401), (registry.user("helpdesk"), 403), (registry.user("checker"), 403)]
    {
        let reply = post_file(&session, &[("kind", "individuals")], INDIVIDUALS).await;
        assert_eq!(reply.status, status, "{}", reply.text);
    }
    assert_eq!(count(registry.db(), "SELECT count(*) FROM imports").await, 0);
}
