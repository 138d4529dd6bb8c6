//! The browser of a request: the cookie by which it is known, the language of its pages, and how it is answered. The same for
//! people and for staff, who have cookies of their own.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use g2p_crypto::random_token;
use pages::{Form, Page, Translator, headers};

use crate::{State, api::cookies, app::Fault};

/// Largest form.
const MAX_FORM: usize = 16 * 1024;

/// Answer of a page, or why there is none.
pub(crate) type Answer = Result<HttpResponse, Fault>;

/// A browser.
pub(crate) struct Browser<'a> {
    pub(crate) state: &'a State,
    pub(crate) t: Translator,
    pub(super) https: bool,
    /// Stem of the cookie's name.
    stem: &'static str,
    /// Value of the cookie; a new one for a browser that has none.
    id: String,
    new_id: bool,
}

impl<'a> Browser<'a> {
    /// The browser that sends the cookie of this stem. One that nobody signed in with gets an id too, with this `mark` in
    /// front: the form to sign in is bound to it.
    pub(super) fn of(
        req: &HttpRequest,
        state: &'a State,
        t: Translator,
        stem: &'static str,
        mark: char,
    ) -> Result<Self, Fault> {
        let https = cookies::is_https(req, state);
        let known = cookies::browser_cookie(req, stem, https);
        let id = match known {
            Some(id) => id.to_owned(),
            None => format!("{mark}.{}", random_token(24)?),
        };
        Ok(Self { state, t, https, stem, id, new_id: known.is_none() })
    }

    /// What only this browser knows: a sign-in is bound to it.
    pub(crate) fn browser(&self) -> &str {
        &self.id
    }

    /// What a form of ours has to send along.
    pub(super) fn csrf(&self) -> Result<String, Fault> {
        Ok(self.state.site.csrf.token(&self.id)?)
    }

    /// An address of ours.
    pub(crate) fn href(&self, path: &str) -> String {
        format!("{}{path}", self.state.site.base)
    }

    /// Reads a form that one of our pages sent in this session.
    pub(crate) async fn form(&self, req: &HttpRequest, payload: web::Payload) -> Result<Form, Fault> {
        let body = platform::body::read(req, payload.into_inner(), MAX_FORM).await?;
        let form = Form::parse(&body).map_err(|_| Fault::Malformed)?;
        if self.new_id || !self.state.site.csrf.verify(&self.id, form.get("csrf")) {
            return Err(Fault::Forged);
        }
        Ok(form)
    }

    /// Shows a view; 422 when it has problems to mend.
    pub(crate) fn show(&self, page: &Page, view: &impl Template) -> Answer {
        let status = if page.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        self.show_as(status, view)
    }

    /// Shows a view with this status.
    pub(crate) fn show_as(&self, status: StatusCode, view: &impl Template) -> Answer {
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
    pub(crate) fn go(&self, path: &str) -> HttpResponse {
        HttpResponse::SeeOther()
            .insert_header((header::LOCATION, self.href(path)))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish()
    }

    /// Sends the browser to a provider.
    pub(crate) fn leave(&self, url: &str) -> HttpResponse {
        self.leave_as(StatusCode::SEE_OTHER, url)
    }

    /// The same with another status.
    pub(crate) fn leave_as(&self, status: StatusCode, url: &str) -> HttpResponse {
        let mut response = HttpResponse::build(status);
        response.insert_header((header::LOCATION, url)).insert_header((header::CACHE_CONTROL, "no-store"));
        response.insert_header((header::REFERRER_POLICY, "no-referrer"));
        self.remember(&mut response);
        response.finish()
    }

    /// Sends the browser to another page of ours, with a new session or (`None`) without one.
    pub(crate) fn go_with_session(&self, path: &str, id: Option<&str>) -> HttpResponse {
        let mut response = self.go(path);
        match id {
            Some(id) => put_cookie(&mut response, &self.set_cookie(id)),
            None => self.end_session(&mut response),
        }
        response
    }

    /// Takes the cookie away.
    pub(crate) fn end_session(&self, response: &mut HttpResponse) {
        put_cookie(response, &format!("{}; Max-Age=0", self.set_cookie("")));
    }

    /// Gives a browser that has no id its new one.
    fn remember(&self, response: &mut HttpResponseBuilder) {
        if self.new_id {
            response.append_header((header::SET_COOKIE, self.set_cookie(&self.id)));
        }
    }

    /// Ends with the browser, or when the person or the server ends the session.
    fn set_cookie(&self, id: &str) -> String {
        cookies::set_cookie(self.stem, self.https, id)
    }
}

/// Adds a cookie to an answer.
pub(super) fn put_cookie(response: &mut HttpResponse, cookie: &str) {
    if let Ok(value) = header::HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
