//! One request of a browser: who it is, in which language, and how to answer.

use std::ops::Deref;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use pages::{Key, LanguageLink, NavLink, Page, Problem};
use serde::Deserialize;

pub(crate) use crate::api::browser::Answer;
use crate::{
    State,
    api::{
        browser::{Browser, put_cookie},
        cookies, help, sign_in, views,
    },
    app::{self, Fault, Person, SignInFault},
};

/// When to come back after a failure that passes.
pub(super) const RETRY_SECONDS: &str = "60";

/// A request and what is known about it.
pub(crate) struct Visit<'a> {
    from: Browser<'a>,
    /// Whether the cookie is of a session that ended.
    pub(crate) ended: bool,
    person: Option<Person>,
    /// Page of ours to show after signing in.
    pub(crate) return_to: &'static str,
    /// The page to show again in another language.
    here: String,
    /// The language was chosen just now: the browser is to remember it.
    new_language: bool,
}

impl<'a> Deref for Visit<'a> {
    type Target = Browser<'a>;

    fn deref(&self) -> &Browser<'a> {
        &self.from
    }
}

/// Where people can land after signing in. Nothing else is ever taken from an address.
const RETURN_TO: [&str; 5] =
    ["/account", "/payments", "/account/change", "/account/history", "/account/stop"];

/// Pages that cannot be shown by their address alone.
const NOT_BY_ADDRESS: [&str; 4] = ["/oauth2/callback", "/sign-in", "/sign-out", "/account/confirm"];

/// What remembers the language that a person chose.
const LANGUAGE_COOKIE: &str = "language";
/// A year.
const LANGUAGE_SECONDS: u32 = 31_536_000;

/// The language that the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    language: Option<String>,
}

/// That page of ours, or the account for any other text.
pub(crate) fn return_to(path: &str) -> &'static str {
    RETURN_TO.into_iter().find(|known| *known == path).unwrap_or("/account")
}

/// Runs a page: opens the visit, does the work, and turns a fault into a page that says what to do.
pub(crate) async fn answer(
    req: &HttpRequest,
    state: &State,
    work: impl AsyncFnOnce(&Visit<'_>) -> Answer,
) -> HttpResponse {
    let mut visit = match Visit::new(req, state) {
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
    fn new(req: &HttpRequest, state: &'a State) -> Result<Self, Fault> {
        let asked = web::Query::<Asked>::from_query(req.query_string())
            .unwrap_or_else(|_| web::Query(Asked::default()));
        let offered = |code: &&str| state.site.translations.languages().any(|(known, _)| known == *code);
        let chosen = asked.language.as_deref().filter(offered);
        let remembered = cookies::cookie(req, LANGUAGE_COOKIE);
        let wanted = header_text(req, header::ACCEPT_LANGUAGE);
        let t = state.site.translations.choose(chosen.or(remembered), wanted);
        let path = req.path().strip_prefix(state.site.base.as_str()).unwrap_or_default();
        Ok(Self {
            from: Browser::of(req, state, t, cookies::SESSION, 'a')?,
            ended: false,
            person: None,
            return_to: return_to(path),
            here: if NOT_BY_ADDRESS.contains(&path) { "/" } else { path }.to_owned(),
            new_language: chosen.is_some() && chosen != remembered,
        })
    }

    async fn identify(&mut self) -> Result<(), Fault> {
        if self.browser().starts_with("s.") {
            self.person = app::person(self.state, self.browser()).await?;
            self.ended = self.person.is_none();
        }
        Ok(())
    }

    /// The person who is signed in.
    pub(crate) fn person(&self) -> Result<&Person, Fault> {
        self.person.as_ref().ok_or(Fault::SignedOut)
    }

    /// Whether somebody is signed in.
    pub(crate) fn signed_in(&self) -> bool {
        self.person.is_some()
    }

    /// The shell of a page.
    pub(crate) fn page(&self, title: Key) -> Result<Page, Fault> {
        let help = &self.state.config.help_contact;
        Ok(Page {
            title: self.t.say(&title),
            site: self.t.say("site"),
            base: self.state.site.base.clone(),
            home: "/".to_owned(),
            sign_out: "/sign-out".to_owned(),
            wide: false,
            nav: Vec::new(),
            back: String::new(),
            csrf: self.csrf()?,
            signed_in: self.signed_in(),
            problems: Vec::new(),
            help: if help.is_empty() { self.t.say("help-default") } else { help.clone() },
            languages: self.languages(),
            t: self.t.clone(),
        })
    }

    fn languages(&self) -> Vec<LanguageLink> {
        let link = |(code, name): (&'static str, &'static str)| LanguageLink {
            href: self.href(&format!("{}?language={code}", self.here)),
            code,
            name,
            current: code == self.t.code(),
        };
        self.state.site.translations.languages().map(link).collect()
    }

    /// The shell of a page that stands in the menu.
    pub(crate) fn menu_page(&self, title: Key, path: &str) -> Result<Page, Fault> {
        let link = |to: &str, text: String| NavLink { href: self.href(to), text, current: to == path };
        let nav =
            vec![link("/account", self.t.say("nav-account")), link("/payments", self.t.say("nav-payments"))];
        Ok(Page { nav, ..self.page(title)? })
    }

    /// The shell of a step that leads back to `path`, with what is wrong.
    pub(crate) fn step(&self, title: Key, path: &str, problems: Vec<Problem>) -> Result<Page, Fault> {
        Ok(Page { back: self.href(path), problems, ..self.page(title)? })
    }

    /// Shows a view; 422 when it has problems to mend.
    pub(crate) fn show(&self, page: &Page, view: &impl Template) -> Answer {
        Ok(self.in_language(self.from.show(page, view)?))
    }

    /// Shows a view with this status.
    pub(crate) fn show_as(&self, status: StatusCode, view: &impl Template) -> Answer {
        Ok(self.in_language(self.from.show_as(status, view)?))
    }

    /// Says what chose the language of a page, and lets the browser remember it.
    fn in_language(&self, mut response: HttpResponse) -> HttpResponse {
        let chosen_by = header::HeaderValue::from_static("Accept-Language, Cookie");
        response.headers_mut().insert(header::VARY, chosen_by);
        if self.new_language {
            put_cookie(&mut response, &self.language_cookie());
        }
        response
    }

    fn language_cookie(&self) -> String {
        let (code, secure) = (self.t.code(), if self.https { "; Secure" } else { "" });
        format!(
            "{LANGUAGE_COOKIE}={code}; Path=/; Max-Age={LANGUAGE_SECONDS}; HttpOnly; SameSite=Lax{secure}"
        )
    }

    /// The page for a fault.
    fn explain(&self, fault: &Fault) -> HttpResponse {
        log(fault);
        let shown = match fault {
            Fault::SignedOut => sign_in::instead(self),
            Fault::NotFound => self.message(StatusCode::NOT_FOUND, Key("not-found-title"), Key("not-found")),
            Fault::Forged | Fault::OtherPerson => {
                self.message(StatusCode::FORBIDDEN, Key("forged-title"), Key("forged"))
            }
            Fault::Malformed => self.message(StatusCode::BAD_REQUEST, Key("forged-title"), Key("forged")),
            Fault::Forbidden => self.message(StatusCode::FORBIDDEN, Key("forbidden-title"), Key("forbidden")),
            Fault::SignIn(fault) => self.no_sign_in(fault),
            Fault::Away(_) => self.try_later(Key("away-title"), Key("away")),
            Fault::Broken(_) => {
                self.message(StatusCode::INTERNAL_SERVER_ERROR, Key("broken-title"), Key("broken"))
            }
        };
        shown.unwrap_or_else(|fault| {
            log(&fault);
            HttpResponse::InternalServerError().finish()
        })
    }

    fn no_sign_in(&self, fault: &SignInFault) -> Answer {
        let (status, title, text) = match fault {
            SignInFault::Over => (StatusCode::BAD_REQUEST, Key("sign-in-over-title"), Key("sign-in-over")),
            SignInFault::Denied => {
                (StatusCode::FORBIDDEN, Key("sign-in-denied-title"), Key("sign-in-denied"))
            }
            SignInFault::Refused(_) => {
                (StatusCode::FORBIDDEN, Key("sign-in-refused-title"), Key("sign-in-refused"))
            }
            SignInFault::Unknown => return help::not_registered(self, StatusCode::FORBIDDEN),
            SignInFault::Another => {
                (StatusCode::FORBIDDEN, Key("sign-in-another-title"), Key("sign-in-another"))
            }
        };
        self.message(status, title, text)
    }

    /// 503: a page that says to come back.
    pub(crate) fn try_later(&self, title: Key, text: Key) -> Answer {
        let mut response = self.message(StatusCode::SERVICE_UNAVAILABLE, title, text)?;
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(RETRY_SECONDS));
        Ok(response)
    }

    /// Address and text of the link that leads on from a page without anything to do.
    pub(crate) fn way_on(&self) -> (String, String) {
        if self.signed_in() {
            (self.href("/account"), self.t.say("see-account"))
        } else {
            (self.href("/"), self.t.say("start-again"))
        }
    }

    /// A page that only says something.
    pub(crate) fn message(&self, status: StatusCode, title: Key, text: Key) -> Answer {
        let (link, link_text) = self.way_on();
        let page = self.page(title)?;
        self.show_as(status, &views::Message { page, text: self.t.say(&text), link, link_text })
    }
}

pub(super) fn log(fault: &Fault) {
    match fault {
        Fault::Away(why) => tracing::warn!("a page could not be shown: {why}"),
        Fault::Broken(why) => tracing::error!("a page failed: {why}"),
        Fault::SignIn(SignInFault::Refused(why)) => tracing::warn!("{why}"),
        Fault::SignIn(SignInFault::Unknown) => {
            tracing::warn!(
                "a provider does not give the claim of its id_template, or one that cannot be an id"
            );
        }
        Fault::SignIn(_)
        | Fault::SignedOut
        | Fault::NotFound
        | Fault::Forged
        | Fault::OtherPerson
        | Fault::Malformed
        | Fault::Forbidden => {}
    }
}

fn header_text(req: &HttpRequest, name: header::HeaderName) -> Option<&str> {
    req.headers().get(name)?.to_str().ok()
}
