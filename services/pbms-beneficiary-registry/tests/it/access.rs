//! Who may do what.

use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn every_route_wants_a_token_and_the_right_role() {
    let world = World::new().await;
    let id = "01890000-0000-7000-8000-000000000000";
    let routes = [
        ("POST", "/programs".to_owned()),
        ("GET", "/programs".to_owned()),
        ("GET", format!("/programs/{id}")),
        ("POST", format!("/programs/{id}/registrant-pulls")),
        ("GET", format!("/programs/{id}/registrant-pulls/{id}")),
        ("POST", format!("/programs/{id}/enrolments")),
        ("GET", format!("/programs/{id}/enrolments/{id}")),
        ("POST", format!("/programs/{id}/funds")),
        ("GET", format!("/programs/{id}/funds")),
        ("POST", format!("/programs/{id}/cycles")),
        ("GET", format!("/programs/{id}/cycles")),
        ("GET", format!("/cycles/{id}")),
        ("POST", format!("/cycles/{id}/entitlements")),
        ("POST", format!("/cycles/{id}/fund-check")),
        ("POST", format!("/cycles/{id}/approvals")),
        ("POST", format!("/cycles/{id}/disburse")),
        ("POST", format!("/cycles/{id}/cancel")),
        ("GET", format!("/cycles/{id}/disbursements")),
        ("POST", "/beneficiaries/lookup".to_owned()),
        ("POST", "/payees/payments".to_owned()),
    ];
    for (method, path) in routes {
        let method: reqwest::Method = method.parse().unwrap();
        let request = || world.client().request(method.clone(), world.at(&path)).json(&json!({}));
        assert_eq!(world.send(request()).await.status, 401, "{method} {path}");
        assert_eq!(world.send(request().bearer_auth("x.y.z")).await.status, 401, "{method} {path}");
        // Bodies are wrong for some, so a caller without the right may learn that much, but nothing happens.
        let stranger = world.send(request().bearer_auth(world.token("stranger"))).await;
        assert!(matches!(stranger.status, 400 | 403), "{method} {path}: {stranger:?}");
    }
}

#[tokio::test]
async fn roles_do_not_reach_beyond_their_part() {
    let world = World::new().await;
    let program = world.program("GRANT").await;
    let lookup = json!({"id_type": "NATIONAL_ID", "value": "1"});
    let payee = json!({"payee": "token:x@nationalId"});
    for (user, path, body) in [
        ("checker", format!("/programs/{program}/registrant-pulls"), json!({})),
        ("checker", format!("/programs/{program}/funds"), json!({"amount": "1.00"})),
        ("helpdesk", format!("/programs/{program}/enrolments"), json!({})),
        ("maker", "/beneficiaries/lookup".to_owned(), lookup.clone()),
        ("maker", "/payees/payments".to_owned(), payee.clone()),
    ] {
        let reply = world.post(user, &path, &body).await;
        assert_eq!(reply.status, 403, "{user} {path}: {reply:?}");
    }
    assert_eq!(world.get("helpdesk", "/programs").await.status, 403);
    // The self-service sees payments of a payee and nothing else.
    let with =
        |path: &str, body| world.client().post(world.at(path)).bearer_auth(world.service_token()).json(body);
    assert_eq!(world.send(with("/payees/payments", &payee)).await.ok().body, json!({"items": []}));
    assert_eq!(world.send(with("/beneficiaries/lookup", &lookup)).await.status, 403);
}
