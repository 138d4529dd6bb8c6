//! A request of a staff member's browser, and how it is answered.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use g2p_crypto::random_token;
use pages::{Form, Key, NavLink, Page, Translator, headers};
use platform::RequestOrigin;

use super::{
    session::{self, Fault, MARK, Staff},
    views::Message,
};
use crate::app::App;

/// Stem of the cookie's name.
const COOKIE: &str = "desk";
/// Largest form.
const MAX_FORM: usize = 16 * 1024;
/// When to come back after a failure that passes.
const RETRY_SECONDS: &str = "60";

/// Answer of a page, or why there is none.
pub(super) type Answer = Result<HttpResponse, Fault>;

/// A request, and who sends it.
pub(super) struct Visit<'a> {
    pub app: &'a App,
    pub t: Translator,
    https: bool,
    /// Value of the cookie; a new one for a browser that has none.
    id: String,
    new_id: bool,
    staff: Option<Staff>,
}

/// Runs a page and turns a fault into a page that says what to do.
pub(super) async fn answer(
    req: &HttpRequest,
    app: &App,
    work: impl AsyncFnOnce(&Visit<'_>) -> Answer,
) -> HttpResponse {
    let mut visit = match Visit::new(req, app) {
        Ok(visit) => visit,
        Err(fault) => {
            log(&fault);
            return HttpResponse::InternalServerError().finish();
        }
    };
    let outcome = match visit.identify().await {
        Ok(()) => work(&visit).await,
        Err(fault) => Err(fault),
    };
    outcome.unwrap_or_else(|fault| visit.explain(&fault))
}

impl<'a> Visit<'a> {
    fn new(req: &HttpRequest, app: &'a App) -> Result<Self, Fault> {
        let https = RequestOrigin::of(req).is_https() || app.desk.public_url.starts_with("https://");
        let known = cookie(req, &cookie_name(https)).filter(|id| (20..=100).contains(&id.len()));
        // A browser that nobody signed in with gets an id too: the sign-in is bound to it.
        let id = match known {
            Some(id) => id.to_owned(),
            None => format!("b.{}", random_token(24)?),
        };
        let t = app.desk.translations.choose(Some("en"), None);
        Ok(Self { app, t, https, id, new_id: known.is_none(), staff: None })
    }

    async fn identify(&mut self) -> Result<(), Fault> {
        if self.id.starts_with(MARK) {
            self.staff = session::staff(self.app, &self.id).await?;
        }
        Ok(())
    }

    /// What only this browser knows.
    pub(super) fn browser(&self) -> &str {
        &self.id
    }

    /// Who is signed in.
    pub(super) fn staff(&self) -> Result<&Staff, Fault> {
        self.staff.as_ref().ok_or(Fault::SignedOut)
    }

    /// An address of ours.
    pub(super) fn href(&self, path: &str) -> String {
        format!("{}{path}", self.app.desk.base)
    }

    /// Reads a form that one of our pages sent in this session.
    pub(super) async fn form(&self, req: &HttpRequest, payload: web::Payload) -> Result<Form, Fault> {
        let body = platform::body::read(req, payload.into_inner(), MAX_FORM).await?;
        let form = Form::parse(&body).map_err(|_| Fault::Malformed)?;
        if self.new_id || !self.app.desk.csrf.verify(&self.id, form.get("csrf")) {
            return Err(Fault::Forged);
        }
        Ok(form)
    }

    /// The shell of a page.
    pub(super) fn page(&self, title: String, path: &str) -> Result<Page, Fault> {
        let mut nav = Vec::new();
        if self.staff.is_some() {
            let to = "/desk/envelopes";
            nav.push(NavLink {
                href: self.href(to),
                text: self.t.say("desk-nav-envelopes"),
                current: to == path,
            });
        }
        Ok(Page {
            title,
            site: self.t.say("desk-site"),
            base: self.app.desk.base.clone(),
            home: "/desk".to_owned(),
            sign_out: "/desk/sign-out".to_owned(),
            wide: true,
            nav,
            back: String::new(),
            csrf: self.app.desk.csrf.token(&self.id)?,
            signed_in: self.staff.is_some(),
            problems: Vec::new(),
            help: String::new(),
            languages: Vec::new(),
            t: self.t.clone(),
        })
    }

    /// Shows a view.
    pub(super) fn show(&self, view: &impl Template) -> Answer {
        self.show_as(StatusCode::OK, view)
    }

    fn show_as(&self, status: StatusCode, view: &impl Template) -> Answer {
        let html = view.render().map_err(|e| Fault::Broken(format!("template: {e}")))?;
        let mut response = HttpResponse::build(status);
        for header in headers::PAGE {
            response.insert_header(*header);
        }
        response.insert_header((header::CONTENT_LANGUAGE, self.t.code()));
        self.remember(&mut response);
        Ok(response.content_type("text/html; charset=utf-8").body(html))
    }

    /// Sends the browser to another page of ours.
    pub(super) fn go(&self, path: &str) -> HttpResponse {
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, self.href(path)))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish()
    }

    /// Sends the browser to a provider.
    pub(super) fn leave(&self, url: &str) -> HttpResponse {
        let mut response = HttpResponse::SeeOther();
        response.insert_header((header::LOCATION, url)).insert_header((header::CACHE_CONTROL, "no-store"));
        response.insert_header((header::REFERRER_POLICY, "no-referrer"));
        self.remember(&mut response);
        response.finish()
    }

    /// Sends the browser to another page of ours, with a new session or (`None`) without one.
    pub(super) fn go_with_session(&self, path: &str, id: Option<&str>) -> HttpResponse {
        let cookie = match id {
            Some(id) => self.set_cookie(id),
            None => format!("{}; Max-Age=0", self.set_cookie("")),
        };
        let mut response = self.go(path);
        if let Ok(value) = header::HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
        response
    }

    /// Gives a browser that has no id its new one.
    fn remember(&self, response: &mut HttpResponseBuilder) {
        if self.new_id {
            response.append_header((header::SET_COOKIE, self.set_cookie(&self.id)));
        }
    }

    fn set_cookie(&self, id: &str) -> String {
        let secure = if self.https { "; Secure" } else { "" };
        format!("{}={id}; Path=/; HttpOnly; SameSite=Lax{secure}", cookie_name(self.https))
    }

    fn explain(&self, fault: &Fault) -> HttpResponse {
        log(fault);
        let (status, title, text) = match fault {
            Fault::SignedOut => {
                (StatusCode::UNAUTHORIZED, Key("desk-signed-out-title"), Key("desk-signed-out"))
            }
            Fault::NotFound => (StatusCode::NOT_FOUND, Key("desk-not-found-title"), Key("desk-not-found")),
            Fault::Forged => (StatusCode::FORBIDDEN, Key("desk-forged-title"), Key("desk-forged")),
            Fault::Malformed => (StatusCode::BAD_REQUEST, Key("desk-malformed-title"), Key("desk-malformed")),
            Fault::Forbidden => (StatusCode::FORBIDDEN, Key("desk-forbidden-title"), Key("desk-forbidden")),
            Fault::SignInOver => {
                (StatusCode::BAD_REQUEST, Key("desk-sign-in-over-title"), Key("desk-sign-in-over"))
            }
            Fault::SignInRefused(_) => {
                (StatusCode::FORBIDDEN, Key("desk-sign-in-refused-title"), Key("desk-sign-in-refused"))
            }
            Fault::Away(_) => (StatusCode::SERVICE_UNAVAILABLE, Key("desk-away-title"), Key("desk-away")),
            Fault::Broken(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, Key("desk-broken-title"), Key("desk-broken"))
            }
        };
        let shown = self.page(self.t.say(&title), "").and_then(|page| {
            let (link, link_text) = (self.href("/desk"), self.t.say("desk-start"));
            self.show_as(status, &Message { page, text: self.t.say(&text), link, link_text })
        });
        let mut response = shown.unwrap_or_else(|_| HttpResponse::InternalServerError().finish());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = header::HeaderValue::from_static(RETRY_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

fn log(fault: &Fault) {
    match fault {
        Fault::Broken(why) => tracing::error!(error = %why, "a page of the desk cannot be shown"),
        Fault::Away(why) => tracing::warn!(error = %why, "a page of the desk cannot be shown now"),
        Fault::SignInRefused(why) => tracing::warn!(error = %why, "somebody could not sign in at the desk"),
        _ => {}
    }
}

/// The prefix `__Host-` makes browsers insist on https, this host and no domain.
fn cookie_name(https: bool) -> String {
    if https { format!("__Host-{COOKIE}") } else { COOKIE.to_owned() }
}

fn cookie<'r>(req: &'r HttpRequest, name: &str) -> Option<&'r str> {
    let all = req.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    all.flat_map(|text| text.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}
