//! Signing in and out, and who is signed in.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{StatusCode, header},
    post, web,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    Answer, answered,
    caller::{Effect, RestCaller},
    told,
};
use crate::{
    State,
    api::{
        cookies,
        visit::{answer, return_to},
    },
    app,
};

/// What a profile tells, when the provider said it.
const PROFILE: [&str; 10] = [
    "sub",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "picture",
    "email",
    "gender",
    "birthdate",
    "phone_number",
];

/// A provider to sign in at.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LoginProvider {
    /// Its name in the configuration.
    id: String,
    /// The same.
    name: String,
    /// `oauth2_auth_code`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Words for the button.
    display_name: String,
    /// Always empty: pages load nothing from elsewhere.
    display_icon_url: String,
}

/// All of them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LoginProviders {
    login_providers: Vec<LoginProvider>,
}

/// Where people can sign in.
#[utoipa::path(tag = "SPAR 1.x", responses((status = 200, body = LoginProviders)))]
#[get("/auth/getLoginProviders")]
pub(super) async fn list_providers(state: web::Data<State>) -> HttpResponse {
    let providers = state.providers.iter();
    let login_providers = providers.map(|(id, provider)| LoginProvider {
        id: id.clone(),
        name: id.clone(),
        kind: "oauth2_auth_code",
        display_name: provider.settings().display_name.clone(),
        display_icon_url: String::new(),
    });
    told(LoginProviders { login_providers: login_providers.collect() })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Redirect {
    redirect_uri: String,
}

/// Go to a provider. State, nonce and verifier are new for each call, kept here and bound to this browser.
#[utoipa::path(
    tag = "SPAR 1.x",
    params(
        ("id" = String, Path, description = "Of the provider"),
        ("redirect_uri" = Option<String>, Query, description = "Page of ours to show afterwards; the account for any other address"),
    ),
    responses((status = 307, description = "To the provider"), (status = 404, description = "There is no such provider")),
)]
#[get("/auth/getLoginProviderRedirect/{id}")]
pub(super) async fn go_to_provider(
    req: HttpRequest,
    state: web::Data<State>,
    id: web::Path<String>,
) -> HttpResponse {
    answer(&req, &state, async |visit| {
        let asked = web::Query::<Redirect>::from_query(req.query_string());
        let to = asked.map_or("/account", |asked| return_to(&asked.redirect_uri));
        let url = app::begin_sign_in(&state, visit.browser(), &id, to, visit.t.code()).await?;
        Ok(visit.leave_as(StatusCode::TEMPORARY_REDIRECT, &url))
    })
    .await
}

/// Who is signed in, as far as the provider said it. Fields it did not say are `null`.
#[utoipa::path(
    tag = "SPAR 1.x",
    params(("online" = Option<bool>, Query, description = "Has no effect: no token for the provider's userinfo is kept")),
    responses((status = 200, body = Object), (status = 401, description = "Nobody")),
)]
#[get("/auth/profile")]
pub(super) async fn profile(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answered(tell_profile(&req, &state).await)
}

async fn tell_profile(req: &HttpRequest, state: &State) -> Answer {
    let caller = RestCaller::of(req, state, Effect::Reads).await?;
    let said = PROFILE.map(|name| (name.to_owned(), caller.claim(state, name).unwrap_or(Value::Null)));
    let mut told_of: Map<String, Value> = said.into_iter().collect();
    let address = caller.claim(state, "address").filter(Value::is_object).unwrap_or(Value::Null);
    told_of.insert("address".to_owned(), address);
    Ok(told(told_of))
}

/// Sign out: ends the session here. `end_session_uri`: where to send the browser so that the person is signed out at
/// the provider too. A bearer token is not ended here: its provider does that.
#[utoipa::path(
    tag = "SPAR 1.x",
    responses(
        (status = 200, body = Object),
        (status = 401, description = "Nobody is signed in by a session"),
        (status = 403, description = "Not sent from a page of ours"),
    ),
)]
#[post("/auth/logout")]
pub(super) async fn log_out(req: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answered(end(&req, &state).await)
}

async fn end(req: &HttpRequest, state: &State) -> Answer {
    let caller = RestCaller::of(req, state, Effect::Changes).await?;
    if caller.has_token() {
        return Ok(told(json!({"end_session_uri": null})));
    }
    let there = app::sign_out(state, &caller.person).await?;
    let mut response = told(json!({"end_session_uri": there.map(|there| there.url)}));
    if let Ok(cookie) = header::HeaderValue::from_str(&cookies::end_of_cookie(req, state)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
