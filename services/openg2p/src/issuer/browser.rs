//! Signing in at the built-in issuer with a browser: the authorization code flow with PKCE (S256).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use actix_web::{HttpResponse, get, post, web};
use g2p_crypto::{constant_time_eq, random_token};
use platform::oidc::challenge;
use serde::Deserialize;
use time::OffsetDateTime;
use url::Url;

use super::{Issuer, TokenRequest, USERS};
use crate::data_dir::DataDir;

/// Life of a code in seconds.
const CODE_SECONDS: i64 = 60;

/// Who may let users sign in here.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// The one address that browsers are sent back to.
    pub redirect_uri: String,
}

impl Client {
    /// The pages of this name at this address.
    ///
    /// # Errors
    /// When its secret cannot be read or made.
    pub fn of_pages(name: &str, url: &str, data: &DataDir) -> anyhow::Result<Self> {
        Ok(Self {
            id: format!("openg2p-{name}"),
            secret: data.secret(&format!("client:{name}"))?,
            redirect_uri: format!("{url}/callback"),
        })
    }

    /// Whether the request is this client's own.
    pub(super) fn is(&self, request: &TokenRequest) -> bool {
        self.id == request.client_id
            && constant_time_eq(self.secret.as_bytes(), request.client_secret.as_bytes())
    }
}

/// A request to sign somebody in; the form on the page sends it along.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
}

impl Asked {
    /// Whether it is one that is answered. Until the client and its address are known nobody is sent anywhere.
    fn check(&self, clients: &[Client]) -> Result<(), &'static str> {
        let client = clients.iter().find(|client| client.id == self.client_id);
        let client = client.ok_or("This issuer knows no such client.")?;
        if client.redirect_uri != self.redirect_uri {
            return Err("redirect_uri is not the address of this client.");
        }
        if self.response_type != "code" {
            return Err("response_type must be code.");
        }
        if self.code_challenge_method != "S256" || self.code_challenge.len() != 43 {
            return Err("code_challenge must be one of S256.");
        }
        Ok(())
    }

    fn members(&self) -> [(&'static str, &str); 7] {
        [
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", &self.response_type),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
        ]
    }
}

/// Somebody who signed in, until her code is traded.
#[derive(Debug)]
struct Given {
    asked: Asked,
    user: String,
    at: OffsetDateTime,
}

/// Somebody whose code was traded.
#[derive(Debug)]
pub(super) struct Traded {
    pub(super) user: String,
    pub(super) nonce: String,
    /// When she gave her password, in Unix seconds.
    pub(super) at: i64,
}

/// Codes that were given out.
#[derive(Debug, Default)]
pub(super) struct Codes(Mutex<HashMap<String, Given>>);

impl Codes {
    fn give(&self, given: Given) -> anyhow::Result<String> {
        let code = random_token(32)?;
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, other| (given.at - other.at).whole_seconds() <= CODE_SECONDS);
        codes.insert(code.clone(), given);
        Ok(code)
    }

    /// Takes a code, once, from whoever asked for it.
    pub(super) fn trade(&self, request: &TokenRequest, now: OffsetDateTime) -> Option<Traded> {
        let given = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&request.code)?;
        let fresh = (now - given.at).whole_seconds() <= CODE_SECONDS;
        let same = given.asked.client_id == request.client_id
            && given.asked.redirect_uri == request.redirect_uri
            && given.asked.code_challenge == challenge(&request.code_verifier);
        (fresh && same).then(|| Traded {
            user: given.user,
            nonce: given.asked.nonce,
            at: given.at.unix_timestamp(),
        })
    }
}

/// The page where a user gives a password.
#[get("/authorize")]
pub(super) async fn ask(issuer: web::Data<Issuer>, asked: web::Query<Asked>) -> HttpResponse {
    match asked.check(&issuer.inner.clients) {
        Ok(()) => page(200, &form(&asked, "")),
        Err(why) => page(400, &format!("<p>{why}</p>")),
    }
}

#[derive(Deserialize)]
struct Password {
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: String,
}

/// Takes the password and sends the browser back with a code.
#[post("/authorize")]
pub(super) async fn answer(
    issuer: web::Data<Issuer>,
    asked: web::Query<Asked>,
    given: web::Form<Password>,
) -> HttpResponse {
    if let Err(why) = asked.check(&issuer.inner.clients) {
        return page(400, &format!("<p>{why}</p>"));
    }
    if !issuer.knows(&given.user, &given.password) {
        return page(401, &form(&asked, "<p role=\"alert\">The password is not that of this user.</p>"));
    }
    let asked = asked.into_inner();
    let (user, at) = (given.into_inner().user, issuer.inner.clock.now());
    let (state, back) = (asked.state.clone(), Url::parse(&asked.redirect_uri));
    let (Ok(mut back), Ok(code)) = (back, issuer.inner.codes.give(Given { asked, user, at })) else {
        return page(500, "<p>The code could not be made.</p>");
    };
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &state)
        .append_pair("iss", issuer.url());
    HttpResponse::SeeOther()
        .insert_header(("Location", back.as_str()))
        .insert_header(("Cache-Control", "no-store"))
        .finish()
}

/// What was asked for stays in the address to which the form is sent.
fn form(asked: &Asked, notice: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(asked.members()).finish();
    let users: String = USERS.iter().map(|user| format!("<option>{user}</option>")).collect();
    let query = query.replace('&', "&amp;");
    format!(
        "<h1>Sign in</h1><p>Accounts for trying out. Their passwords are in <code>secrets.json</code> of the data \
         directory, as <code>user:…</code>.</p>{notice}<form method=\"post\" action=\"authorize?{query}\"><p><label>User \
         <select name=\"user\">{users}</select></label></p><p><label>Password <input name=\"password\" \
         type=\"password\" autocomplete=\"current-password\" required></label></p><p><button>Sign in</button></p></form>"
    )
}

fn page(status: u16, body: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"></head><body><main>{body}</main></body></html>"
    );
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .body(html)
}
