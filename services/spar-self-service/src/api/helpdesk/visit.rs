//! A request of a staff member's browser. Cookie and session are others than those of people.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use g2p_crypto::random_token;
use pages::{Form, Key, NavLink, Page, Problem, Translator, headers};

use crate::{
    State,
    api::{
        cookies,
        views::Message,
        visit::{self, Answer},
    },
    app::{self, Fault, SignInFault, Staff},
};

/// Largest form.
const MAX_FORM: usize = 16 * 1024;
/// Stem of the cookie's name.
const COOKIE: &str = "staff";

/// A request, and who sends it.
pub(super) struct Visit<'a> {
    pub(super) state: &'a State,
    pub(super) t: Translator,
    https: bool,
    /// Value of the cookie; a new one for a browser that has none.
    id: String,
    new_id: bool,
    staff: Option<Staff>,
}

/// Runs a page and turns a fault into a page that says what to do.
pub(super) async fn answer(
    req: &HttpRequest,
    state: &State,
    work: impl AsyncFnOnce(&Visit<'_>) -> Answer,
) -> HttpResponse {
    let mut visit = match Visit::new(req, state) {
        Ok(visit) => visit,
        Err(fault) => {
            visit::log(&fault);
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
    fn new(req: &HttpRequest, state: &'a State) -> Result<Self, Fault> {
        let https = cookies::is_https(req, state);
        let known = cookies::browser_cookie(req, COOKIE, https);
        let id = match known {
            Some(id) => id.to_owned(),
            None => format!("b.{}", random_token(24)?),
        };
        // Staff texts are in English only.
        let t = state.site.translations.choose(Some("en"), None);
        Ok(Self { state, t, https, id, new_id: known.is_none(), staff: None })
    }

    async fn identify(&mut self) -> Result<(), Fault> {
        if self.id.starts_with("h.") {
            self.staff = app::staff(self.state, &self.id).await?;
        }
        Ok(())
    }

    /// Who is signed in.
    pub(super) fn staff(&self) -> Result<&Staff, Fault> {
        self.staff.as_ref().ok_or(Fault::SignedOut)
    }

    pub(super) fn signed_in(&self) -> bool {
        self.staff.is_some()
    }

    /// What only this browser knows.
    pub(super) fn browser(&self) -> &str {
        &self.id
    }

    pub(super) fn href(&self, path: &str) -> String {
        format!("{}{path}", self.state.site.base)
    }

    /// The shell of a page; its menu has what the reader may do.
    pub(super) fn page(&self, title: Key, path: &str, problems: Vec<Problem>) -> Result<Page, Fault> {
        let link =
            |to: &str, key: Key| NavLink { href: self.href(to), text: self.t.say(&key), current: to == path };
        let mut nav = Vec::new();
        if let Some(staff) = &self.staff {
            if staff.ctx.may(app::LOOKUP) {
                nav.push(link("/helpdesk", Key("helpdesk-nav-find")));
            }
            nav.push(link("/helpdesk/changes", Key("helpdesk-nav-waiting")));
        }
        Ok(Page {
            title: self.t.say(&title),
            site: self.t.say("helpdesk-site"),
            base: self.state.site.base.clone(),
            home: "/helpdesk".to_owned(),
            sign_out: "/helpdesk/sign-out".to_owned(),
            wide: true,
            nav,
            back: String::new(),
            csrf: self.state.site.csrf.token(&self.id)?,
            signed_in: self.signed_in(),
            problems,
            help: String::new(),
            languages: Vec::new(),
            t: self.t.clone(),
        })
    }

    /// Reads a form that one of our pages sent in this session.
    pub(super) async fn form(&self, req: &HttpRequest, payload: web::Payload) -> Result<Form, Fault> {
        let body = platform::body::read(req, payload.into_inner(), MAX_FORM).await?;
        let form = Form::parse(&body).map_err(|_| Fault::Malformed)?;
        if self.new_id || !self.state.site.csrf.verify(&self.id, form.get("csrf")) {
            return Err(Fault::Forged);
        }
        Ok(form)
    }

    /// Shows a view; 422 when it has problems to mend.
    pub(super) fn show(&self, page: &Page, view: &impl Template) -> Answer {
        let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        self.show_as(status, view)
    }

    fn show_as(&self, status: StatusCode, view: &impl Template) -> Answer {
        let html = view.render().map_err(|e| Fault::Broken(format!("template: {e}")))?;
        let mut response = HttpResponse::build(status);
        for header in headers::PAGE {
            response.insert_header(*header);
        }
        response.insert_header((header::CONTENT_LANGUAGE, "en"));
        if self.new_id {
            response.append_header((header::SET_COOKIE, self.cookie(&self.id)));
        }
        Ok(response.content_type("text/html; charset=utf-8").body(html))
    }

    /// Sends the browser to another page of the helpdesk.
    pub(super) fn go(&self, path: &str) -> HttpResponse {
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, self.href(path)))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish()
    }

    /// The same, with a new session or (`None`) without one.
    pub(super) fn go_with_session(&self, path: &str, id: Option<&str>) -> HttpResponse {
        let cookie = match id {
            Some(id) => self.cookie(id),
            None => format!("{}; Max-Age=0", self.cookie("")),
        };
        let mut response = self.go(path);
        if let Ok(cookie) = header::HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// Sends the browser to a provider.
    pub(super) fn leave(&self, url: &str) -> HttpResponse {
        let mut response = HttpResponse::SeeOther();
        response.insert_header((header::LOCATION, url)).insert_header((header::CACHE_CONTROL, "no-store"));
        response.insert_header((header::REFERRER_POLICY, "no-referrer"));
        if self.new_id {
            response.append_header((header::SET_COOKIE, self.cookie(&self.id)));
        }
        response.finish()
    }

    fn cookie(&self, id: &str) -> String {
        cookies::set_cookie(COOKIE, self.https, id)
    }

    fn explain(&self, fault: &Fault) -> HttpResponse {
        visit::log(fault);
        let (status, title, text) = match fault {
            Fault::SignedOut => {
                (StatusCode::UNAUTHORIZED, Key("helpdesk-signed-out-title"), Key("helpdesk-signed-out"))
            }
            Fault::NotFound => (StatusCode::NOT_FOUND, Key("not-found-title"), Key("not-found")),
            Fault::Forged | Fault::Malformed => (StatusCode::FORBIDDEN, Key("forged-title"), Key("forged")),
            Fault::OtherPerson => {
                (StatusCode::CONFLICT, Key("helpdesk-other-person-title"), Key("helpdesk-other-person"))
            }
            Fault::Forbidden => {
                (StatusCode::FORBIDDEN, Key("helpdesk-forbidden-title"), Key("helpdesk-forbidden"))
            }
            Fault::SignIn(SignInFault::Over) => {
                (StatusCode::BAD_REQUEST, Key("sign-in-over-title"), Key("sign-in-over"))
            }
            Fault::SignIn(_) => (StatusCode::FORBIDDEN, Key("sign-in-refused-title"), Key("sign-in-refused")),
            Fault::Away(_) => (StatusCode::SERVICE_UNAVAILABLE, Key("away-title"), Key("away")),
            Fault::Broken(_) => (StatusCode::INTERNAL_SERVER_ERROR, Key("broken-title"), Key("broken")),
        };
        let shown = self.page(title, "", Vec::new()).and_then(|page| {
            let (link, link_text) = (self.href("/helpdesk"), self.t.say("helpdesk-start"));
            self.show_as(status, &Message { page, text: self.t.say(&text), link, link_text })
        });
        let mut response = shown.unwrap_or_else(|_| HttpResponse::InternalServerError().finish());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = header::HeaderValue::from_static(visit::RETRY_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
