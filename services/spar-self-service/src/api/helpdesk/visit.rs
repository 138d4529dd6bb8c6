//! A request of a staff member's browser. Cookie and session are others than those of people.

use std::ops::Deref;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use pages::{Key, NavLink, Page, Problem};

use crate::{
    State,
    api::{
        browser::{Answer, Browser},
        views::Message,
        visit,
    },
    app::{self, Fault, SignInFault, Staff},
};

/// Stem of the cookie's name.
const COOKIE: &str = "staff";

/// A request, and who sends it.
pub(super) struct Visit<'a> {
    from: Browser<'a>,
    staff: Option<Staff>,
}

impl<'a> Deref for Visit<'a> {
    type Target = Browser<'a>;

    fn deref(&self) -> &Browser<'a> {
        &self.from
    }
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
        // Staff texts are in English only.
        let t = state.site.translations.choose(Some("en"), None);
        Ok(Self { from: Browser::of(req, state, t, COOKIE, 'b')?, staff: None })
    }

    async fn identify(&mut self) -> Result<(), Fault> {
        if self.browser().starts_with("h.") {
            self.staff = app::staff(self.state, self.browser()).await?;
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
            csrf: self.csrf()?,
            signed_in: self.signed_in(),
            problems,
            help: String::new(),
            languages: Vec::new(),
            t: self.t.clone(),
        })
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
